/*
 * delay-bridge A B MICROSECONDS: carries Ethernet frames between two devices, each so much later
 * than it came. For kernels without netem; frames beyond the queue are dropped. Ends with its
 * parent, or when it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { FRAME_BYTES = 1700, FRAMES = 16384 };

struct frame {
  uint64_t due_ns;
  int to;
  ssize_t bytes;
  uint8_t data[FRAME_BYTES];
};

static struct frame queue[FRAMES];

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A socket on one device that sees what arrives there, and not what it sends itself. */
static int open_port(const char *device) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  address.sll_ifindex = (int)if_nametoindex(device);
  struct packet_mreq promiscuous = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  int on = 1, buffer_bytes = 16 << 20;
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0 ||
      /* Frames keep the note that their checksum is still to be computed. */
      setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) != 0 ||
      setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0) {
    perror(device);
    exit(1);
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes);
  return fd;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  prctl(PR_SET_PDEATHSIG, 9);
  struct pollfd ports[2] = {{open_port(arguments[1]), POLLIN, 0}, {open_port(arguments[2]), POLLIN, 0}};
  uint64_t delay_ns = strtoull(arguments[3], NULL, 10) * 1000u;
  uint32_t first = 0, end = 0;
  puts("ready");
  fflush(stdout);
  for (;;) {
    uint64_t now = now_ns();
    for (; first != end && queue[first % FRAMES].due_ns <= now; first++) {
      struct frame *due = &queue[first % FRAMES];
      if (send(ports[due->to].fd, due->data, (size_t)due->bytes, 0) < 0) perror("send");
    }
    uint64_t wait_ns = first == end ? 1000000000u : queue[first % FRAMES].due_ns - now;
    struct timespec wait = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
    ppoll(ports, 2, &wait, NULL);
    for (int from = 0; from < 2; from++) {
      while (end - first < FRAMES) {
        struct frame *next = &queue[end % FRAMES];
        next->bytes = recv(ports[from].fd, next->data, sizeof next->data, 0);
        if (next->bytes <= 0) break;
        next->to = 1 - from;
        next->due_ns = now_ns() + delay_ns;
        end++;
      }
    }
  }
}

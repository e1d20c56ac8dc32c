/*
 * What the kernel permits: the system calls of our raw sockets, in a loop of C and nothing else.
 *
 *   sender send|reply BATCH COUNT SOURCE DESTINATION TTL
 *
 * `send` sends COUNT TCP SYNs in batches (sendmmsg; sendto where BATCH is 1); `reply` also takes in
 * the ICMP errors that come back, as our receiver does (recvmmsg with kernel timestamps). Prints one
 * JSON line: packets accepted, replies, wall seconds, processor seconds of this process.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES 40
#define BATCH_MAX 256
#define RECEIVE_BATCH 64
#define RECEIVE_BYTES 2048

static uint8_t packets[BATCH_MAX][PACKET_BYTES];
static struct iovec vectors[BATCH_MAX];
static struct mmsghdr headers[BATCH_MAX];
static struct sockaddr_in destination;

static uint8_t received[RECEIVE_BATCH][RECEIVE_BYTES];
static uint8_t controls[RECEIVE_BATCH][64];
static struct iovec received_vectors[RECEIVE_BATCH];
static struct mmsghdr received_headers[RECEIVE_BATCH];

static void put16(uint8_t *at, uint32_t value) {
  at[0] = value >> 8;
  at[1] = value;
}

static uint32_t words(const uint8_t *at, int bytes) {
  uint32_t sum = 0;
  for (int i = 0; i < bytes; i += 2) sum += (at[i] << 8) | at[i + 1];
  return sum;
}

static uint16_t folded(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

static double seconds_of(struct timespec time) { return time.tv_sec + time.tv_nsec / 1e9; }

static double wall_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return seconds_of(now);
}

static double processor_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int required(int result, const char *what) {
  if (result >= 0) return result;
  perror(what);
  exit(1);
}

static void write_template(uint8_t *packet, const char *source, const char *target, int ttl) {
  packet[0] = 0x45;
  put16(packet + 2, PACKET_BYTES);
  packet[8] = ttl;
  packet[9] = IPPROTO_TCP;
  inet_pton(AF_INET, source, packet + 12);
  inet_pton(AF_INET, target, packet + 16);
  put16(packet + 22, 443);
  packet[32] = 0x50;
  packet[33] = 0x02;
  put16(packet + 34, 64240);
}

/* What changes from probe to probe, and the checksum that follows from it. */
static void patch(uint8_t *packet, uint32_t number, uint32_t constant_sum) {
  put16(packet + 4, (number & 0xffff) | 1);
  put16(packet + 20, 32768 + (number & 63));
  put16(packet + 24, number >> 16);
  put16(packet + 26, number);
  uint32_t sum = constant_sum + 32768 + (number & 63) + (number >> 16) + (number & 0xffff);
  put16(packet + 36, ~folded(sum));
}

static long drain(int fd) {
  long total = 0;
  for (;;) {
    for (int i = 0; i < RECEIVE_BATCH; i++) {
      received_headers[i].msg_hdr.msg_controllen = sizeof controls[i];
    }
    int count = recvmmsg(fd, received_headers, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0) return total;
    total += count;
    if (count < RECEIVE_BATCH) return total;
  }
}

static int open_receiver(void) {
  int fd = required(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "socket");
  int on = 1, bytes = 16 * 1024 * 1024;
  uint32_t dropped = ~(1u << 11);
  required(setsockopt(fd, SOL_RAW, 1, &dropped, sizeof dropped), "ICMP_FILTER");
  required(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), "SO_TIMESTAMPNS");
  required(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes), "SO_RCVBUFFORCE");
  for (int i = 0; i < RECEIVE_BATCH; i++) {
    received_vectors[i] = (struct iovec){received[i], RECEIVE_BYTES};
    received_headers[i].msg_hdr.msg_iov = &received_vectors[i];
    received_headers[i].msg_hdr.msg_iovlen = 1;
    received_headers[i].msg_hdr.msg_control = controls[i];
  }
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 7) return 1;
  int replies_wanted = strcmp(argv[1], "reply") == 0;
  int batch = atoi(argv[2]);
  long count = atol(argv[3]);
  if (batch < 1 || batch > BATCH_MAX) return 1;
  int fd = required(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), "socket");
  int receiver = replies_wanted ? open_receiver() : -1;
  destination.sin_family = AF_INET;
  inet_pton(AF_INET, argv[5], &destination.sin_addr);
  for (int i = 0; i < batch; i++) {
    write_template(packets[i], argv[4], argv[5], atoi(argv[6]));
    vectors[i] = (struct iovec){packets[i], PACKET_BYTES};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &destination;
    headers[i].msg_hdr.msg_namelen = sizeof destination;
  }
  uint32_t constant_sum = words(packets[0] + 12, 8) + IPPROTO_TCP + (PACKET_BYTES - 20) +
                          words(packets[0] + 20, PACKET_BYTES - 20);
  double started = wall_seconds(), started_processor = processor_seconds();
  long sent = 0, replies = 0;
  while (sent < count) {
    int size = count - sent < batch ? count - sent : batch;
    for (int i = 0; i < size; i++) patch(packets[i], sent + i, constant_sum);
    int accepted = batch == 1 ? sendto(fd, packets[0], PACKET_BYTES, 0,
                                       (struct sockaddr *)&destination, sizeof destination) > 0
                              : sendmmsg(fd, headers, size, 0);
    if (accepted <= 0) {
      if (errno == ENOBUFS || errno == EAGAIN) continue;
      perror("send");
      return 1;
    }
    sent += accepted;
    if (replies_wanted) replies += drain(receiver);
  }
  /* The last replies are there when the call that caused them returns, or very soon. */
  for (int i = 0; replies_wanted && replies < sent && i < 100; i++) {
    usleep(1000);
    replies += drain(receiver);
  }
  double wall = wall_seconds() - started;
  double processor = processor_seconds() - started_processor;
  printf("{\"packets\":%ld,\"replies\":%ld,\"wallSeconds\":%.6f,\"processorSeconds\":%.6f}\n", sent,
         replies, wall, processor);
  return 0;
}

/** What becomes of a command whose readers go away. */

const EXIT_FAILED = 1;

/**
 * Ends the process when its standard output can be written no more.
 *
 * @param program how it calls itself
 */
export function watchOutput(program: string): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as `head`, is no failure of ours.
    if (error.code !== 'EPIPE') {
      process.stderr.write(`${program}: the result cannot be written: ${error.message}\n`);
      process.exitCode = EXIT_FAILED;
    }
    process.exit();
  });
  process.stderr.on('error', () => {}); // nobody is left to be told
}

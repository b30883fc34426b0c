/*
 * Porches for the bench, whose own cost is next to nothing. Built with -DSLEEP_US=N it sleeps that
 * long; built with -DRECORD it first appends "<intent path> <nanoseconds since 1970>" to OUT/starts;
 * built with -DFIRST as well, only the first one writes that, to OUT/first.
 * Called as every porch: -intent FILE -out DIR.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 5) return 2;
#ifdef RECORD
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char line[4400], path[4400];
  int length = snprintf(line, sizeof line, "%s %lld%09ld\n", argv[2], (long long)now.tv_sec, now.tv_nsec);
#ifdef FIRST
  snprintf(path, sizeof path, "%s/first", argv[4]);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0) return 0;
#else
  snprintf(path, sizeof path, "%s/starts", argv[4]);
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
#endif
  if (fd < 0 || write(fd, line, length) != length) return 1;
#endif
#ifdef SLEEP_US
  usleep(SLEEP_US);
#endif
  return 0;
}

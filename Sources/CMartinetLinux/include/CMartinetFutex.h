#ifndef C_MARTINET_FUTEX_H
#define C_MARTINET_FUTEX_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// Sleeps while the word holds `expected`, at most until `deadline` in nanoseconds of CLOCK_MONOTONIC (INT64_MAX: no limit).
/// Returns 0 after a wake-up, else an errno value: EAGAIN (the word holds something else), EINTR, ETIMEDOUT.
static inline int martinet_futex_wait(void *word, uint32_t expected, int64_t deadline) {
  struct timespec limit;
  struct timespec *timeout = 0;
  if (deadline != INT64_MAX) {
    if (deadline < 0) deadline = 0;
    limit.tv_sec = deadline / 1000000000;
    limit.tv_nsec = deadline % 1000000000;
    timeout = &limit;
  }
  long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, timeout, (void *)0,
                        FUTEX_BITSET_MATCH_ANY);
  return result == 0 ? 0 : errno;
}

/// Wakes at most `count` threads that sleep on the word.
static inline void martinet_futex_wake(void *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, (void *)0, (void *)0, 0);
}

/// Nanoseconds of CLOCK_MONOTONIC.
static inline int64_t martinet_monotonic_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Names the calling thread, by at most 15 octets of `name`.
static inline void martinet_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

/// Tells the processor that this thread spins.
static inline void martinet_spin_hint(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif

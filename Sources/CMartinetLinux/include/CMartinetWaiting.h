// Entropy, the clock of the day, and epoll with the counters and timers that wake it.
#ifndef C_MARTINET_WAITING_H
#define C_MARTINET_WAITING_H

#include <stddef.h>
#include <stdint.h>

/// The processors that the calling thread may run on, at least 1.
int martinet_processors(void);

/// Nanoseconds of CLOCK_REALTIME since 1970.
int64_t martinet_realtime_nanoseconds(void);

/// Fills `target` from the kernel's generator.
int martinet_random(void *target, size_t count);

#define MARTINET_READABLE 1u
#define MARTINET_WRITABLE 2u
/// An error or a hang-up; reported whether asked for or not.
#define MARTINET_FAILED 4u

/// A descriptor that has become ready.
struct martinet_readiness {
  uint64_t token;
  uint32_t conditions;
};

int martinet_epoll_create(void);
/// Watches `descriptor` for MARTINET_READABLE and MARTINET_WRITABLE conditions, level-triggered; `token` comes back with each report.
int martinet_epoll_add(int epoll, int descriptor, uint32_t conditions, uint64_t token);
int martinet_epoll_change(int epoll, int descriptor, uint32_t conditions, uint64_t token);
int martinet_epoll_remove(int epoll, int descriptor);
/// Waits at most `nanoseconds` (negative: for ever); returns the number of reports, at most 64.
int martinet_epoll_wait(int epoll, struct martinet_readiness *reports, int capacity, int64_t nanoseconds);

/// A descriptor to poll, and what came of it.
struct martinet_poll {
  int descriptor;
  /// Something can be read, or the descriptor has failed.
  int is_ready;
};

/// Waits until one of at most 65 descriptors is ready, at most `nanoseconds` (negative: for ever); returns how many are.
int martinet_poll_readable(struct martinet_poll *polls, int count, int64_t nanoseconds);

/// A non-blocking event counter that wakes an epoll from another thread.
int martinet_event_create(void);
int martinet_event_raise(int event);
int martinet_event_clear(int event);

/// A timer that an epoll finds readable once its time has come.
int martinet_timer_create(void);
/// Sets the timer to `deadline` in nanoseconds of CLOCK_MONOTONIC (INT64_MAX: never), and makes it unreadable until then.
int martinet_timer_set(int timer, int64_t deadline);

#endif

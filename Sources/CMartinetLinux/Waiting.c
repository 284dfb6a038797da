#define _GNU_SOURCE
#include "CMartinetWaiting.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000ll

int martinet_processors(void) {
  cpu_set_t set;
  // A machine with more processors than the set has room for has several.
  if (sched_getaffinity(0, sizeof set, &set) < 0) return CPU_SETSIZE;
  return CPU_COUNT(&set);
}

int64_t martinet_realtime_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

int martinet_random(void *target, size_t count) {
  unsigned char *next = target;
  while (count > 0) {
    ssize_t got = getrandom(next, count, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    next += got;
    count -= (size_t)got;
  }
  return 0;
}

static struct timespec to_timespec(int64_t nanoseconds) {
  struct timespec span;
  span.tv_sec = (time_t)(nanoseconds / NANOSECONDS);
  span.tv_nsec = (long)(nanoseconds % NANOSECONDS);
  return span;
}

int martinet_epoll_create(void) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  return epoll < 0 ? -errno : epoll;
}

static int control(int epoll, int operation, int descriptor, uint32_t conditions, uint64_t token) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  if (conditions & MARTINET_READABLE) event.events |= EPOLLIN;
  if (conditions & MARTINET_WRITABLE) event.events |= EPOLLOUT;
  event.data.u64 = token;
  return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int martinet_epoll_add(int epoll, int descriptor, uint32_t conditions, uint64_t token) {
  return control(epoll, EPOLL_CTL_ADD, descriptor, conditions, token);
}

int martinet_epoll_change(int epoll, int descriptor, uint32_t conditions, uint64_t token) {
  return control(epoll, EPOLL_CTL_MOD, descriptor, conditions, token);
}

int martinet_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

static int wait_milliseconds(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
  int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
  return epoll_wait(epoll, events, capacity, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

// epoll_pwait2 (Linux 5.11) waits with the resolution of a timespec; older kernels get milliseconds, rounded up.
static int wait_for_events(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
  struct timespec span = to_timespec(nanoseconds < 0 ? 0 : nanoseconds);
  long count = syscall(SYS_epoll_pwait2, epoll, events, capacity, nanoseconds < 0 ? NULL : &span, NULL, (size_t)0);
  if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)count;
#endif
  return wait_milliseconds(epoll, events, capacity, nanoseconds);
}

int martinet_epoll_wait(int epoll, struct martinet_readiness *reports, int capacity, int64_t nanoseconds) {
  struct epoll_event events[64];
  int count = wait_for_events(epoll, events, capacity > 64 ? 64 : capacity, nanoseconds);
  if (count < 0) return -errno;
  for (int index = 0; index < count; index++) {
    uint32_t bits = events[index].events;
    reports[index].token = events[index].data.u64;
    reports[index].conditions = ((bits & EPOLLIN) ? MARTINET_READABLE : 0) | ((bits & EPOLLOUT) ? MARTINET_WRITABLE : 0) |
                                ((bits & (EPOLLERR | EPOLLHUP)) ? MARTINET_FAILED : 0);
  }
  return count;
}

int martinet_poll_readable(struct martinet_poll *polls, int count, int64_t nanoseconds) {
  struct pollfd descriptors[65];
  if (count > 65) return -EINVAL;
  for (int index = 0; index < count; index++) {
    descriptors[index] = (struct pollfd){.fd = polls[index].descriptor, .events = POLLIN};
  }
  struct timespec span = to_timespec(nanoseconds < 0 ? 0 : nanoseconds);
  int ready = ppoll(descriptors, (nfds_t)count, nanoseconds < 0 ? NULL : &span, NULL);
  if (ready < 0) return -errno;
  for (int index = 0; index < count; index++) polls[index].is_ready = descriptors[index].revents != 0;
  return ready;
}

int martinet_event_create(void) {
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return event < 0 ? -errno : event;
}

int martinet_event_raise(int event) {
  uint64_t one = 1;
  return write(event, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

int martinet_event_clear(int event) {
  uint64_t count;
  return read(event, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
}

int martinet_timer_create(void) {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return timer < 0 ? -errno : timer;
}

int martinet_timer_set(int timer, int64_t deadline) {
  struct itimerspec setting;
  memset(&setting, 0, sizeof setting);
  // A setting of zero would turn the timer off.
  if (deadline != INT64_MAX) setting.it_value = to_timespec(deadline < 1 ? 1 : deadline);
  return timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL) < 0 ? -errno : 0;
}

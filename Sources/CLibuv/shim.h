// libuv, and the few GNU functions beside it that Swift's Glibc module does not show (it is built without _GNU_SOURCE).
// Each is declared under a name of its own and bound to the C library's symbol, so that it can clash with no header.
#pragma once
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

// The C library's struct mmsghdr: one message of recvmmsg and sendmmsg, and the bytes received or sent.
struct clibuv_mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};

// The C library's enum of socket types is seen by every C module that includes it, and Swift counts it to one of them
// only: which one changes with the order of compilation. These are this module's own.
static const int clibuv_sock_stream = SOCK_STREAM;
static const int clibuv_sock_dgram = SOCK_DGRAM;
// Does not block, and no child process inherits it.
static const int clibuv_sock_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
// May block, and no child process inherits it.
enum { CLIBUV_SOCK_CLOEXEC = SOCK_CLOEXEC };

// Bounds the time that a blocking send may take. In C, since Swift counts struct timeval to whichever C module was
// compiled first.
static inline int clibuv_limit_sending(int socket, long seconds) {
    struct timeval limit = {.tv_sec = seconds, .tv_usec = 0};
    return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

int clibuv_recvmmsg(int socket, struct clibuv_mmsghdr *messages, unsigned int count, int flags,
                    struct timespec *timeout) __asm__("recvmmsg");
int clibuv_sendmmsg(int socket, struct clibuv_mmsghdr *messages, unsigned int count, int flags) __asm__("sendmmsg");
int clibuv_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags) __asm__("accept4");
// The flag that marks descriptors instead of closing them (CLOSE_RANGE_CLOEXEC).
enum { CLIBUV_CLOSE_RANGE_CLOEXEC = 4 };
int clibuv_close_range(unsigned int first, unsigned int last, int flags) __asm__("close_range");
int clibuv_pthread_setname(pthread_t thread, const char *name) __asm__("pthread_setname_np");

// mallopt's parameters are macros in <malloc.h>, which the Glibc module leaves out: M_ARENA_MAX, M_MMAP_THRESHOLD.
enum { CLIBUV_MALLOC_ARENA_MAX = -8, CLIBUV_MALLOC_MMAP_THRESHOLD = -3 };
int clibuv_mallopt(int parameter, int value) __asm__("mallopt");

// Nanoseconds since 1970. In C, since Swift counts struct timespec to whichever C module was compiled first.
static inline int64_t clibuv_wall_clock_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// What sched_setattr takes (linux/sched/types.h), which Debian 12's glibc does not name.
struct clibuv_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

// Makes the calling thread one for work that can wait: as SCHED_BATCH it never pushes others aside when it wakes, with
// `nice` (0 to 19) it gets less where there are not processors enough, and, from Linux 6.12 on, whoever wakes with a
// shorter slice than `slice_ns` need not wait until its own has ended (sched(7); Documentation/scheduler/sched-eevdf).
static inline int clibuv_make_thread_patient(int nice, uint64_t slice_ns) {
    enum { BATCH = 3 };
    struct clibuv_sched_attr attr = {.size = sizeof attr, .policy = BATCH, .nice = nice, .runtime = slice_ns};
    if (syscall(SYS_sched_setattr, 0, &attr, 0) == 0) return 0;
    // Refused by a sandbox, or unknown: niceness alone is better than nothing (0: of this thread).
    return (int)syscall(SYS_setpriority, 0, 0, nice);
}

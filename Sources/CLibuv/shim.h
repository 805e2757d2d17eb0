// libuv, and the few GNU functions beside it that Swift's Glibc module does not show (it is built without _GNU_SOURCE).
// Each is declared under a name of its own and bound to the C library's symbol, so that it can clash with no header.
#pragma once
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
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

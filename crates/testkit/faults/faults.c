/* A disk that can be told to fail, and that tells what was done to it.
 *
 * Preloaded into a program, it records what the program does to files below FAULTS_FOLDER in FAULTS_LOG, one header line
 * per event, followed by the data of a write. Files are named by inode, so that a rename does not matter:
 *
 *   C ino path        created                 W ino offset length\n<data>
 *   O ino path        opened, was there       T ino size
 *   R from\tto        renamed                 S ino       file synced
 *   U path            unlinked                D path      folder synced
 *   M path            folder made
 *
 * FAULTS_ENOSPC_AFTER=n   writes fail once files have grown by n bytes; what overwrites goes on
 * FAULTS_EIO_WRITE=n      the nth write fails       FAULTS_EIO_SYNC=n   the nth sync fails; later ones lie, as real ones do
 * FAULTS_READ_ONLY=1       nothing can be opened for writing
 *
 * Calls made without the C library, and memory maps, are not seen.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char folder[PATH_MAX];
static size_t folder_length;
static int log_fd = -1;
static unsigned char ours[MOST_FILES]; /* 1: a file, 2: a folder */
static long space = -1, eio_write = 0, eio_sync = 0, read_only = 0;

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static void start(void) {
    const char *watched = getenv("FAULTS_FOLDER"), *log = getenv("FAULTS_LOG");
    if (!watched || !log || !realpath(watched, folder)) return;
    folder_length = strlen(folder);
    space = number("FAULTS_ENOSPC_AFTER", -1);
    eio_write = number("FAULTS_EIO_WRITE", 0);
    eio_sync = number("FAULTS_EIO_SYNC", 0);
    read_only = number("FAULTS_READ_ONLY", 0);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Out of the way of programs that count on low numbers. */
    log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
}

static int watching(void) {
    pthread_once(&once, start);
    return log_fd >= 0;
}

static int below(const char *path, char *full) {
    char parent[PATH_MAX];
    if (!watching() || strlen(path) >= sizeof parent) return 0;
    strcpy(parent, path);
    char *slash = strrchr(parent, '/');
    const char *name = slash ? slash + 1 : path;
    if (slash) *(slash == parent ? slash + 1 : slash) = 0;
    char real[PATH_MAX];
    if (!realpath(slash ? parent : ".", real)) return 0;
    snprintf(full, PATH_MAX + NAME_MAX, "%s/%s", real, name);
    if (strcmp(full, folder) == 0) return 1;
    return strncmp(full, folder, folder_length) == 0 && full[folder_length] == '/';
}

static int watched_fd(int fd) {
    return watching() && fd >= 0 && fd < MOST_FILES ? ours[fd] : 0;
}

static unsigned long inode(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/* One event is one write, so that events of several writers do not mix. */
static void tell(const void *data, size_t length, const char *format, ...) {
    char head[2 * PATH_MAX + 100];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(head, sizeof head, format, arguments);
    va_end(arguments);
    struct iovec parts[2] = {{head, (size_t)size}, {(void *)data, length}};
    if (syscall(SYS_writev, log_fd, parts, 2) != (long)(size + length)) abort();
}

static int write_fails(int fd, off_t place, size_t length) {
    if (eio_write > 0 && --eio_write == 0) return EIO;
    if (space < 0) return 0;
    struct stat status;
    if (fstat(fd, &status) != 0) return 0;
    long growth = (long)place + (long)length - (long)status.st_size;
    if (growth <= 0) return 0;
    if (space < growth) return ENOSPC;
    space -= growth;
    return 0;
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t at) {
    pthread_mutex_lock(&lock);
    off_t place = at;
    if (at < 0) {
        int appending = fcntl(fd, F_GETFL) & O_APPEND;
        place = lseek(fd, 0, appending ? SEEK_END : SEEK_CUR);
    }
    int error = write_fails(fd, place, length);
    ssize_t done = -1;
    if (error) {
        errno = error;
    } else {
        done = at < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, at);
        if (done > 0) tell(data, (size_t)done, "W %lu %lld %zd\n", inode(fd), (long long)place, done);
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

static ssize_t writev_at(int fd, const struct iovec *parts, int count, off_t at) {
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len == 0) continue;
        ssize_t done = write_at(fd, parts[i].iov_base, parts[i].iov_len, at < 0 ? at : at + all);
        if (done < 0) return all ? all : -1;
        all += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return all;
}

ssize_t write(int fd, const void *data, size_t length) {
    return watched_fd(fd) == 1 ? write_at(fd, data, length, -1) : syscall(SYS_write, fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    return watched_fd(fd) == 1 ? write_at(fd, data, length, at) : syscall(SYS_pwrite64, fd, data, length, at);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return watched_fd(fd) == 1 ? writev_at(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
    if (watched_fd(fd) == 1) return writev_at(fd, parts, count, at);
    return syscall(SYS_pwritev, fd, parts, count, at, 0);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }

int ftruncate64(int fd, off64_t size) {
    if (!watched_fd(fd)) return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0) tell(NULL, 0, "T %lu %lld\n", inode(fd), (long long)size);
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

/* Not offered, so that programs write what they want to have. */
int fallocate64(int fd, int mode, off64_t at, off64_t length) {
    if (!watched_fd(fd)) return (int)syscall(SYS_fallocate, fd, mode, at, length);
    errno = EOPNOTSUPP;
    return -1;
}

int fallocate(int fd, int mode, off_t at, off_t length) { return fallocate64(fd, mode, at, length); }

static int sync_file(int fd, long call) {
    int kind = watched_fd(fd);
    if (!kind) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (eio_sync > 0 && --eio_sync == 0) {
        eio_sync = -1;
        errno = EIO;
    } else if ((result = (int)syscall(call, fd)) == 0 && eio_sync >= 0) {
        char link[64], path[PATH_MAX];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        if (kind == 2) tell(NULL, 0, "D %s\n", path);
        else tell(NULL, 0, "S %lu\n", inode(fd));
    }
    int kept = errno;
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

static int open_at(int at, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX + NAME_MAX];
    if ((at != AT_FDCWD && path[0] != '/') || !below(path, full)) {
        int fd = (int)syscall(SYS_openat, at, path, flags, mode);
        if (fd >= 0 && fd < MOST_FILES) ours[fd] = 0;
        return fd;
    }
    if (read_only && (flags & (O_WRONLY | O_RDWR | O_CREAT))) {
        errno = EROFS;
        return -1;
    }
    pthread_mutex_lock(&lock);
    struct stat status;
    int was_there = stat(full, &status) == 0;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    int kept = errno;
    if (fd >= 0 && fd < MOST_FILES && fstat(fd, &status) == 0) {
        ours[fd] = S_ISDIR(status.st_mode) ? 2 : 1;
        if (ours[fd] == 1) {
            tell(NULL, 0, "%c %lu %s\n", was_there ? 'O' : 'C', (unsigned long)status.st_ino, full);
            if (was_there && (flags & O_TRUNC)) tell(NULL, 0, "T %lu 0\n", (unsigned long)status.st_ino);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = kept;
    return fd;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, flags); \
        mode = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

int open(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }

int close(int fd) {
    if (fd >= 0 && fd < MOST_FILES) ours[fd] = 0;
    if (fd >= 0 && fd == log_fd) return 0;
    return (int)syscall(SYS_close, fd);
}

int rename(const char *from, const char *to) {
    char full_from[PATH_MAX + NAME_MAX], full_to[PATH_MAX + NAME_MAX];
    if (!below(from, full_from) || !below(to, full_to)) {
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    }
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0) tell(NULL, 0, "R %s\t%s\n", full_from, full_to);
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    char full[PATH_MAX + NAME_MAX];
    if (!below(path, full)) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) tell(NULL, 0, "U %s\n", full);
    pthread_mutex_unlock(&lock);
    return result;
}

int mkdir(const char *path, mode_t mode) {
    char full[PATH_MAX + NAME_MAX];
    if (!below(path, full)) return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0) tell(NULL, 0, "M %s\n", full);
    pthread_mutex_unlock(&lock);
    return result;
}

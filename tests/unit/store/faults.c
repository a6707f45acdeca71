/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Each system call that a store makes fails once, and from then on, at every place where it is
 * made; so does each allocation. Nothing is acknowledged after a failure that is not there, and
 * with the fault gone the store opens, verifies and goes on.
 */
#include "world.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define JOBS 6u
#define PLACES_MAX 4000u /* calls of one kind in a run; more is a loop without end */

enum fault_call {
    ANY_OPEN,
    MKDIR,
    MMAP,
    PWRITE,
    FSYNC,
    FDATASYNC,
    FTRUNCATE,
    RENAME,
    ALLOC,
    CALLS
};
static const char *const call_names[CALLS] = {
    "open", "mkdir", "mmap", "pwrite", "fsync", "fdatasync", "ftruncate", "rename", "allocation"};

static struct {
    bool armed;
    enum fault_call call;
    uint64_t place; /* fails at this call, counted from 1 */
    bool lasting;   /* and at all later ones */
    int number;     /* errno */
    uint64_t count;
    bool failed;
} fault;

/* Counts a call; true when it is the one to fail. */
static bool fails(enum fault_call call)
{
    if (!fault.armed || fault.call != call) {
        return false;
    }
    fault.count++;
    if (fault.count != fault.place && !(fault.lasting && fault.count > fault.place)) {
        return false;
    }
    fault.failed = true;
    errno = fault.number;
    return true;
}

/* These stand before those of the C library, for LMDB too. */
int open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    int mode = (flags & O_CREAT) != 0 ? va_arg(list, int) : 0;
    va_end(list);
    return fails(ANY_OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fails(MKDIR) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

ssize_t pwrite(int fd, const void *at, size_t len, off_t offset)
{
    return fails(PWRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, at, len, offset);
}

int fsync(int fd)
{
    return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(FDATASYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t len)
{
    return fails(FTRUNCATE) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int rename(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED

/* Sanitizers bring their own of these. */
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    return fails(MMAP) ? MAP_FAILED
                       : (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset); // NOLINT
}

extern void *__libc_malloc(size_t len);
extern void *__libc_calloc(size_t count, size_t len);
extern void *__libc_realloc(void *at, size_t len);

void *malloc(size_t len)
{
    return fails(ALLOC) ? NULL : __libc_malloc(len);
}

void *calloc(size_t count, size_t len)
{
    return fails(ALLOC) ? NULL : __libc_calloc(count, len);
}

void *realloc(void *at, size_t len)
{
    return fails(ALLOC) ? NULL : __libc_realloc(at, len);
}

#define LAST_CALL CALLS
#else
#define LAST_CALL ALLOC
#endif

/* The jobs, made before anything fails: each a range and a chunk. */
struct job {
    struct toc_store_op ops[2];
    uint8_t range[8192];
};

/* Stores job after job as the writer does: a failed commit is followed by a reopen. Gives how many
 * were acknowledged. */
static uint64_t run_jobs(struct world *world, const struct job *jobs)
{
    uint64_t done = 0;
    for (int tries = 0; tries < 20 && done < JOBS; tries++) {
        struct toc_store_txn *txn;
        if (world->store == NULL &&
            toc_failed(toc_store_open(&world->store, world_path(world), &world_options))) {
            continue;
        }
        if (toc_db_broken(toc_store_db(world->store)) &&
            toc_failed(toc_store_reopen(world->store))) {
            continue;
        }
        if (toc_failed(toc_store_begin(world->store, &txn))) {
            continue;
        }
        bool applied = !toc_failed(toc_store_apply(txn, jobs[done].ops, 2));
        bool committed = !toc_failed(toc_store_commit(txn));
        if (committed && !applied) {
            abort(); /* what was not applied must not be acknowledged */
        }
        done += committed ? 1 : 0;
    }
    return done;
}

/* With the fault gone: what was acknowledged is there, and the rest can be stored. */
static void assert_recovers(struct world *world, const struct job *jobs, uint64_t done)
{
    struct toc_log_head head = {0};
    struct toc_verify_report report;
    toc_store_close(world->store);
    world_open(world);
    struct toc_err err = toc_store_head(world->store, world->chain.log, &head);
    assert_true(err.code == TOC_OK || (err.code == TOC_ABSENT && done == 0));
    assert_true(head.seq >= done * 3);
    assert_int_equal(run_jobs(world, jobs), JOBS);
    world_assert_holds(world, (uint64_t)JOBS * 3);
    toc_store_close(world->store);
    world->store = NULL;
    assert_ok(world_verify(world, true, &report));
    assert_int_equal(report.chunk_count, JOBS);
}

static void make_jobs(struct world *world, struct job *jobs)
{
    for (unsigned i = 0; i < JOBS * 3; i++) {
        (void)chain_add(&world->chain, 1500, 1);
    }
    for (unsigned i = 0; i < JOBS; i++) {
        struct job *job = &jobs[i];
        job->ops[0] = world_op(&world->chain, i * 3 + 1, i * 3 + 3,
                               (struct toc_room){job->range, sizeof job->range});
        job->ops[1] = (struct toc_store_op){
            .kind = TOC_STORE_CHUNK, .index = i, .bytes = {world->range, 60000}};
    }
}

/* One kind of call, at every place. Gives how many places there were. */
static uint64_t fail_everywhere(enum fault_call call, bool lasting, int number)
{
    for (uint64_t place = 1; place < PLACES_MAX; place++) {
        static struct job jobs[JOBS];
        void *made = NULL;
        assert_int_equal(world_make(&made), 0);
        struct world *world = made;
        make_jobs(world, jobs);
        toc_store_close(world->store);
        world->store = NULL;
        (void)unlink(folder_path(&world->folder, "store/data.mdb"));
        (void)unlink(folder_path(&world->folder, "store/lock.mdb"));
        fault.call = call;
        fault.place = place;
        fault.lasting = lasting;
        fault.number = number;
        fault.count = 0;
        fault.failed = false;
        fault.armed = true;
        uint64_t done = run_jobs(world, jobs);
        fault.armed = false;
        bool failed = fault.failed;
        assert_true(failed || done == JOBS);
        assert_recovers(world, jobs, done);
        assert_int_equal(world_unmake(&made), 0);
        if (!failed) {
            return place - 1;
        }
    }
    fail_msg("%s is called without end", call_names[call]);
    return 0;
}

static void failed_calls_are_never_acknowledged(void **state)
{
    static const struct {
        enum fault_call call;
        int number;
    } rows[] = {
        {ANY_OPEN, EMFILE}, {MKDIR, ENOSPC},  {MMAP, ENOMEM},      {PWRITE, EIO}, {PWRITE, ENOSPC},
        {FSYNC, EIO},       {FDATASYNC, EIO}, {FTRUNCATE, ENOSPC}, {RENAME, EIO}, {ALLOC, ENOMEM},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int lasting = 0; lasting < 2 && rows[i].call < LAST_CALL; lasting++) {
            uint64_t places = fail_everywhere(rows[i].call, lasting == 1, rows[i].number);
            print_message("%s, %s: failed at %llu places\n", call_names[rows[i].call],
                          lasting == 1 ? "from then on" : "once", (unsigned long long)places);
        }
    }
}

int main(void)
{
    /* Thousands of commits: memory is as good as a disk where only the answers count. */
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_calls_are_never_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

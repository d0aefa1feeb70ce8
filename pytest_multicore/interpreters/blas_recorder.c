/* Records the level-3 BLAS calls of a process: what was called with which sizes, how often, and for how long.
 *
 * LD_PRELOAD puts it in front of every BLAS that is linked dynamically. Its functions have the names of the BLAS's own
 * in the forms that are in use (see EACH_FORTRAN and EACH_CBLAS below); each calls the function that its caller would
 * have met without it, between two readings of the clock. A call within a call (CBLAS on top of Fortran) counts once.
 *
 * The figures stand in a file that is mapped into memory, so that another process can read them at any moment without
 * a word to this one: PYTEST_MULTICORE_BLAS_CALLS/<pid>-<number>.calls, made at a process's first call, a new one after
 * fork. blas_recorder.py compiles this file and reads those; the two structs below are their format.
 *
 * Not seen: a BLAS that is linked statically, and functions fetched by dlsym from a library's own handle.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define VARIABLE "PYTEST_MULTICORE_BLAS_CALLS"
#define MAGIC "PMBLAS01"
#define CAPACITY 8192u /* entries, a power of two: 512 KiB for a process */
#define FULLEST (CAPACITY / 4 * 3)
#define SITES 4096u /* call sites whose function is remembered, a power of two */
#define MOST_FILES 10000 /* of one process number: it can call exec, and numbers come again */

struct entry { /* 64 bytes, a cache line */
    _Atomic uint64_t written; /* 1 once the key can be read */
    char routine[16];
    int64_t m, n, k;
    _Atomic uint64_t calls, ns;
};

struct table {
    char magic[8];
    uint32_t entry_bytes, capacity;
    _Atomic uint64_t other_calls, other_ns; /* of the shapes for which there was no room */
    uint64_t pid;
    char unused[24];
    struct entry entries[CAPACITY];
};

_Static_assert(sizeof(struct entry) == 64 && offsetof(struct table, entries) == 64, "the format of blas_recorder.py");

struct site {
    _Atomic(void *) address; /* where the call comes from; written last */
    const char *name;
    void *function;
};

static char folder[PATH_MAX];
static int recording;
static _Atomic(struct table *) table;
static unsigned filled;
static struct site sites[SITES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int within __attribute__((tls_model("initial-exec")));

/* ---- the file ---- */

static void give_up(const char *what)
{
    fprintf(stderr, "pytest-multicore: BLAS calls are not recorded: %s in %s: %s\n", what, folder, strerror(errno));
    recording = 0;
}

static int new_file(void)
{
    char path[PATH_MAX + 64];
    for (int number = 0; number < MOST_FILES; number++) {
        snprintf(path, sizeof path, "%s/%ld-%d.calls", folder, (long)getpid(), number);
        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file >= 0 || errno != EEXIST)
            return file;
    }
    return -1;
}

/* Called under the lock. */
static struct table *new_table(void)
{
    int file = new_file();
    if (file < 0)
        return give_up("no file can be made"), NULL;
    /* Room is taken now: on a full disk a hole in the file would be a SIGBUS later. */
    errno = posix_fallocate(file, 0, sizeof(struct table));
    struct table *made = errno ? MAP_FAILED : mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (made == MAP_FAILED)
        give_up("no room can be had");
    close(file);
    if (made == MAP_FAILED)
        return NULL;
    made->entry_bytes = sizeof(struct entry);
    made->capacity = CAPACITY;
    made->pid = (uint64_t)getpid();
    atomic_thread_fence(memory_order_release);
    memcpy(made->magic, MAGIC, sizeof made->magic);
    return made;
}

static int is_key(const struct entry *entry, const char *routine, int64_t m, int64_t n, int64_t k)
{
    return entry->m == m && entry->n == n && entry->k == k && !memcmp(entry->routine, routine, sizeof entry->routine);
}

static uint64_t mixed(uint64_t a, uint64_t b)
{
    a = (a ^ b) * 0x9E3779B97F4A7C15u;
    return a ^ a >> 29;
}

/* The entry of a shape; NULL where there is none and it may not be made. Only `add` makes one, under the lock. */
static struct entry *find(struct table *in, const char *routine, int64_t m, int64_t n, int64_t k, int make)
{
    uint64_t tag; /* eight letters tell all routines apart but those of batches, which are compared whole below */
    memcpy(&tag, routine, sizeof tag);
    uint64_t at = mixed(mixed(mixed(mixed(0, tag), (uint64_t)m), (uint64_t)n), (uint64_t)k);
    for (;; at++) {
        struct entry *entry = &in->entries[at % CAPACITY];
        if (atomic_load_explicit(&entry->written, memory_order_acquire)) {
            if (is_key(entry, routine, m, n, k))
                return entry;
            continue;
        }
        if (!make || filled >= FULLEST)
            return NULL;
        filled++;
        memcpy(entry->routine, routine, sizeof entry->routine);
        entry->m = m, entry->n = n, entry->k = k;
        atomic_store_explicit(&entry->written, 1, memory_order_release);
        return entry;
    }
}

static void count(_Atomic uint64_t *calls, _Atomic uint64_t *sum_ns, uint64_t ns)
{
    atomic_fetch_add_explicit(sum_ns, ns, memory_order_relaxed);
    atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
}

static void add(const char *routine, int64_t m, int64_t n, int64_t k, uint64_t ns)
{
    struct table *in = atomic_load_explicit(&table, memory_order_acquire);
    struct entry *entry = in ? find(in, routine, m, n, k, 0) : NULL;
    if (!entry) {
        int before = errno;
        pthread_mutex_lock(&lock);
        in = atomic_load(&table);
        if (!in && recording)
            atomic_store_explicit(&table, in = new_table(), memory_order_release);
        entry = in ? find(in, routine, m, n, k, 1) : NULL;
        pthread_mutex_unlock(&lock);
        errno = before;
    }
    if (entry)
        count(&entry->calls, &entry->ns, ns);
    else if (in)
        count(&in->other_calls, &in->other_ns, ns);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* 0: this call is part of another, or nothing is recorded. */
static inline uint64_t begin(void)
{
    if (within || !recording)
        return 0;
    within = 1;
    return now_ns();
}

static inline void end(const char *routine, const int64_t sizes[3], uint64_t start_ns)
{
    if (!start_ns)
        return;
    add(routine, sizes[0], sizes[1], sizes[2], now_ns() - start_ns);
    within = 0;
}

/* The parent goes on with the old file. */
static void after_fork(void)
{
    atomic_store(&table, NULL);
    filled = 0;
    within = 0;
    pthread_mutex_init(&lock, NULL);
}

__attribute__((constructor)) static void start(void)
{
    const char *told = getenv(VARIABLE);
    if (!told || !*told || strlen(told) >= sizeof folder)
        return;
    strcpy(folder, told);
    pthread_atfork(NULL, NULL, after_fork);
    recording = 1;
}

/* ---- the function that the caller would have met ---- */

static int is_own(void *function)
{
    Dl_info ours, its;
    return dladdr((void *)&lock, &ours) && dladdr(function, &its) && ours.dli_fbase == its.dli_fbase;
}

/* From a loaded library or one that it is linked to; path NULL or "" is the program itself, whose names come to us. */
static void *from_library(const char *path, const char *name)
{
    void *library = path && *path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
    if (!library)
        return NULL;
    void *function = dlsym(library, name);
    dlclose(library); /* it was loaded before, and stays */
    return function && !is_own(function) ? function : NULL;
}

struct paths {
    char **all;
    size_t number;
};

static int keep_path(struct dl_phdr_info *info, size_t size, void *into)
{
    struct paths *paths = into;
    char **more = realloc(paths->all, (paths->number + 1) * sizeof *more);
    (void)size;
    if (!more)
        return 1;
    paths->all = more;
    paths->all[paths->number++] = strdup(info->dlpi_name ? info->dlpi_name : "");
    return 0;
}

static void *from_any_library(const char *name)
{
    struct paths paths = {NULL, 0};
    void *found = NULL;
    dl_iterate_phdr(keep_path, &paths); /* dlopen only afterwards: within, the loader's list is locked */
    for (size_t i = 0; i < paths.number; i++) {
        if (!found)
            found = from_library(paths.all[i], name);
        free(paths.all[i]);
    }
    free(paths.all);
    return found;
}

/* The loader's own order: what all may see, then what the calling library was linked to. A pointer that was handed on
 * (scipy's cython_blas, CDLL(None)) is called by a library that links to no BLAS: then the first that has the name. */
static void *search(const char *name, void *address)
{
    Dl_info caller;
    void *found = dlsym(RTLD_NEXT, name);
    if (!found && dladdr(address, &caller))
        found = from_library(caller.dli_fname, name);
    if (!found)
        found = from_any_library(name);
    if (!found) {
        fprintf(stderr, "pytest-multicore: %s was called, but no loaded library has it\n", name);
        abort();
    }
    return found;
}

static void *real(const char *name, void *address)
{
    uint64_t at = mixed(mixed(0, (uint64_t)(uintptr_t)address), (uint64_t)(uintptr_t)name);
    for (unsigned tried = 0; tried < 16; tried++) {
        struct site *site = &sites[(at + tried) % SITES];
        void *there = atomic_load_explicit(&site->address, memory_order_acquire);
        if (there == address && site->name == name)
            return site->function;
        if (there)
            continue;
        int before = errno;
        void *found = search(name, address);
        pthread_mutex_lock(&lock);
        if (!atomic_load(&site->address)) {
            site->name = name;
            site->function = found;
            atomic_store_explicit(&site->address, address, memory_order_release);
        }
        pthread_mutex_unlock(&lock);
        errno = before;
        return found;
    }
    return search(name, address);
}

/* ---- the wrappers ---- */

typedef void *P;
/* Integers by value are taken and handed on as whole registers, so that no half is lost where a library with plain
 * names has 64-bit integers; only as much as the name promises is read. */
typedef int64_t W;

#define CALL(name, r, M, N, K, types, arguments)                                                               \
    {                                                                                                          \
        static const char own_name[] = #name, routine[16] = #r;                                                \
        void *function = real(own_name, __builtin_return_address(0));                                          \
        const int64_t sizes[] = {M, N, K};                                                                     \
        uint64_t start_ns = begin();                                                                           \
        ((void(*) types)function)arguments;                                                                    \
        end(routine, sizes, start_ns);                                                                         \
    }

/* Fortran: all by address; behind them the lengths of the character arguments, which a BLAS written in Fortran may
 * take for granted, though callers in C leave them out. */
#define LEFT(side) (*(const char *)(side) == 'L' || *(const char *)(side) == 'l')
#define L size_t

#define F_GEMM(name, r, I)                                                                                     \
    void name(P ta, P tb, I *m, I *n, I *k, P al, P a, P lda, P b, P ldb, P be, P c, P ldc)                    \
    CALL(name, r, *m, *n, *k, (P, P, P, P, P, P, P, P, P, P, P, P, P, L, L),                                   \
         (ta, tb, m, n, k, al, a, lda, b, ldb, be, c, ldc, 1, 1))
#define F_GEMMT(name, r, I)                                                                                    \
    void name(P up, P ta, P tb, I *n, I *k, P al, P a, P lda, P b, P ldb, P be, P c, P ldc)                    \
    CALL(name, r, *n, *n, *k, (P, P, P, P, P, P, P, P, P, P, P, P, P, L, L, L),                                \
         (up, ta, tb, n, k, al, a, lda, b, ldb, be, c, ldc, 1, 1, 1))
/* A batch's sizes stand in arrays, one for each of its groups: they are recorded where there is one group. */
#define F_BATCH(name, r, I)                                                                                    \
    void name(P ta, P tb, I *m, I *n, I *k, P al, P a, P lda, P b, P ldb, P be, P c, P ldc, I *groups, P group)   \
    CALL(name, r, *groups == 1 ? *m : 0, *groups == 1 ? *n : 0, *groups == 1 ? *k : 0,                         \
         (P, P, P, P, P, P, P, P, P, P, P, P, P, P, P, L, L),                                                  \
         (ta, tb, m, n, k, al, a, lda, b, ldb, be, c, ldc, groups, group, 1, 1))
#define F_SYMM(name, r, I)                                                                                     \
    void name(P si, P up, I *m, I *n, P al, P a, P lda, P b, P ldb, P be, P c, P ldc)                          \
    CALL(name, r, *m, *n, LEFT(si) ? *m : *n, (P, P, P, P, P, P, P, P, P, P, P, P, L, L),                      \
         (si, up, m, n, al, a, lda, b, ldb, be, c, ldc, 1, 1))
#define F_SYRK(name, r, I)                                                                                     \
    void name(P up, P tr, I *n, I *k, P al, P a, P lda, P be, P c, P ldc)                                      \
    CALL(name, r, *n, *n, *k, (P, P, P, P, P, P, P, P, P, P, L, L), (up, tr, n, k, al, a, lda, be, c, ldc, 1, 1))
#define F_SYR2K(name, r, I)                                                                                    \
    void name(P up, P tr, I *n, I *k, P al, P a, P lda, P b, P ldb, P be, P c, P ldc)                          \
    CALL(name, r, *n, *n, *k, (P, P, P, P, P, P, P, P, P, P, P, P, L, L),                                      \
         (up, tr, n, k, al, a, lda, b, ldb, be, c, ldc, 1, 1))
#define F_TRMM(name, r, I)                                                                                     \
    void name(P si, P up, P ta, P di, I *m, I *n, P al, P a, P lda, P b, P ldb)                                \
    CALL(name, r, *m, *n, LEFT(si) ? *m : *n, (P, P, P, P, P, P, P, P, P, P, P, L, L, L, L),                   \
         (si, up, ta, di, m, n, al, a, lda, b, ldb, 1, 1, 1, 1))

/* CBLAS: the order first, sizes by value, factors by value (A, B: their types) or, where complex, by address. Sizes are
 * recorded as the caller gave them; with rows first the Fortran routine would be given m and n the other way round. */
#define C_LEFT 141

#define C_GEMM(name, r, I, A, B)                                                                               \
    void name(int o, int ta, int tb, W m, W n, W k, A al, P a, W lda, P b, W ldb, B be, P c, W ldc)            \
    CALL(name, r, (I)m, (I)n, (I)k, (int, int, int, W, W, W, A, P, W, P, W, B, P, W),                          \
         (o, ta, tb, m, n, k, al, a, lda, b, ldb, be, c, ldc))
#define C_GEMMT(name, r, I, A, B)                                                                              \
    void name(int o, int up, int ta, int tb, W n, W k, A al, P a, W lda, P b, W ldb, B be, P c, W ldc)         \
    CALL(name, r, (I)n, (I)n, (I)k, (int, int, int, int, W, W, A, P, W, P, W, B, P, W),                        \
         (o, up, ta, tb, n, k, al, a, lda, b, ldb, be, c, ldc))
#define C_BATCH(name, r, I, A, B)                                                                              \
    void name(int o, P ta, P tb, I *m, I *n, I *k, P al, P a, P lda, P b, P ldb, P be, P c, P ldc, W groups, P group) \
    CALL(name, r, (I)groups == 1 ? *m : 0, (I)groups == 1 ? *n : 0, (I)groups == 1 ? *k : 0,                   \
         (int, P, P, P, P, P, P, P, P, P, P, P, P, P, W, P),                                                   \
         (o, ta, tb, m, n, k, al, a, lda, b, ldb, be, c, ldc, groups, group))
#define C_SYMM(name, r, I, A, B)                                                                               \
    void name(int o, int si, int up, W m, W n, A al, P a, W lda, P b, W ldb, B be, P c, W ldc)                 \
    CALL(name, r, (I)m, (I)n, (I)(si == C_LEFT ? m : n), (int, int, int, W, W, A, P, W, P, W, B, P, W),        \
         (o, si, up, m, n, al, a, lda, b, ldb, be, c, ldc))
#define C_SYRK(name, r, I, A, B)                                                                               \
    void name(int o, int up, int tr, W n, W k, A al, P a, W lda, B be, P c, W ldc)                             \
    CALL(name, r, (I)n, (I)n, (I)k, (int, int, int, W, W, A, P, W, B, P, W),                                   \
         (o, up, tr, n, k, al, a, lda, be, c, ldc))
#define C_SYR2K(name, r, I, A, B)                                                                              \
    void name(int o, int up, int tr, W n, W k, A al, P a, W lda, P b, W ldb, B be, P c, W ldc)                 \
    CALL(name, r, (I)n, (I)n, (I)k, (int, int, int, W, W, A, P, W, P, W, B, P, W),                             \
         (o, up, tr, n, k, al, a, lda, b, ldb, be, c, ldc))
#define C_TRMM(name, r, I, A, B)                                                                               \
    void name(int o, int si, int up, int ta, int di, W m, W n, A al, P a, W lda, P b, W ldb)                   \
    CALL(name, r, (I)m, (I)n, (I)(si == C_LEFT ? m : n), (int, int, int, int, int, W, W, A, P, W, P, W),       \
         (o, si, up, ta, di, m, n, al, a, lda, b, ldb))

/* dgemm_: everybody's; dgemm_64_: 64-bit integers (NumPy's wheels until 1.x); scipy_: the wheels' OpenBLAS of today. */
#define EACH_FORTRAN(WRAP, r)                                                                                  \
    WRAP(r##_, r, int32_t)                                                                                     \
    WRAP(r##_64_, r, int64_t)                                                                                  \
    WRAP(scipy_##r##_, r, int32_t)                                                                             \
    WRAP(scipy_##r##_64_, r, int64_t)
/* cblas_dgemm64_ is OpenBLAS's name for 64-bit integers, cblas_dgemm_64 the reference BLAS's and MKL's. */
#define EACH_CBLAS(WRAP, r, A, B)                                                                              \
    WRAP(cblas_##r, r, int32_t, A, B)                                                                          \
    WRAP(cblas_##r##64_, r, int64_t, A, B)                                                                     \
    WRAP(cblas_##r##_64, r, int64_t, A, B)                                                                     \
    WRAP(scipy_cblas_##r, r, int32_t, A, B)                                                                    \
    WRAP(scipy_cblas_##r##64_, r, int64_t, A, B)
#define EACH(KIND, r, A, B) EACH_FORTRAN(F_##KIND, r) EACH_CBLAS(C_##KIND, r, A, B)

#define REAL_AND_COMPLEX(KIND, s, d, c, z)                                                                     \
    EACH(KIND, s, float, float) EACH(KIND, d, double, double) EACH(KIND, c, P, P) EACH(KIND, z, P, P)

REAL_AND_COMPLEX(GEMM, sgemm, dgemm, cgemm, zgemm)
REAL_AND_COMPLEX(GEMMT, sgemmt, dgemmt, cgemmt, zgemmt)
REAL_AND_COMPLEX(GEMMT, sgemmtr, dgemmtr, cgemmtr, zgemmtr)
REAL_AND_COMPLEX(BATCH, sgemm_batch, dgemm_batch, cgemm_batch, zgemm_batch)
REAL_AND_COMPLEX(SYMM, ssymm, dsymm, csymm, zsymm)
REAL_AND_COMPLEX(SYRK, ssyrk, dsyrk, csyrk, zsyrk)
REAL_AND_COMPLEX(SYR2K, ssyr2k, dsyr2k, csyr2k, zsyr2k)
REAL_AND_COMPLEX(TRMM, strmm, dtrmm, ctrmm, ztrmm)
REAL_AND_COMPLEX(TRMM, strsm, dtrsm, ctrsm, ztrsm)
EACH(GEMM, cgemm3m, P, P)
EACH(GEMM, zgemm3m, P, P)
EACH(SYMM, chemm, P, P)
EACH(SYMM, zhemm, P, P)
EACH(SYRK, cherk, float, float)
EACH(SYRK, zherk, double, double)
EACH(SYR2K, cher2k, P, float)
EACH(SYR2K, zher2k, P, double)

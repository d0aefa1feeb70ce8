/* Loops of OpenMP for the programs beside this file; openmp.py compiles and loads it. */
#include <math.h>
#include <omp.h>
#include <pthread.h>

/* One loop, split over the threads; nothing but arithmetic. */
double waves(long steps)
{
    double sum = 0.0;
#pragma omp parallel for reduction(+ : sum)
    for (long step = 0; step < steps; step++)
        sum += sin(1e-3 * step);
    return sum;
}

/* The same loop asked for by one thread of a parallel region of two, which OpenMP does not split again. */
double waves_inside(long steps)
{
    double sum = 0.0;
#pragma omp parallel num_threads(2)
#pragma omp single
    sum = waves(steps);
    return sum;
}

/* The same loop on two threads, whatever the variables say. */
double waves_on_two(long steps)
{
    double sum = 0.0;
#pragma omp parallel for num_threads(2) reduction(+ : sum)
    for (long step = 0; step < steps; step++)
        sum += sin(1e-3 * step);
    return sum;
}

static void one_thread(void) { omp_set_num_threads(1); }

/* From now on a forked child stays on one thread: waiting for a pool that did not come along would hang it. */
void serial_after_fork(void) { pthread_atfork(0, 0, one_thread); }

/* One row of a triangle of work. */
static double waves_of_row(long row)
{
    double sum = 0.0;
    for (long step = 0; step < row; step++)
        sum += sin(1e-3 * step);
    return sum;
}

/* Each thread has as many rows, and the last one the longest. */
double triangle(long rows)
{
    double sum = 0.0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (long row = 0; row < rows; row++)
        sum += waves_of_row(row);
    return sum;
}

/* The same upside down: the main thread has the longest. */
double triangle_from_the_longest(long rows)
{
    double sum = 0.0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (long row = 0; row < rows; row++)
        sum += waves_of_row(rows - row);
    return sum;
}

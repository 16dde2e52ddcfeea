/* Convolutions in full precision, with the same blocks: the measure of what codes gain.
 *
 * The map has its border in place. Rows of the matrix of columns are never written down.
 */
#pragma once
#include "job.h"

#ifdef HAS_X86
AVX512 APART static void floats_512(const Job *job, const Under *u, const float *a, const float *w,
                                    float *tile) {
    __m512 sum[POSITIONS][2];
    EACH (int p = 0; p < POSITIONS; p++) sum[p][0] = sum[p][1] = _mm512_setzero_ps();
    for (int64_t y = 0; y < job->kernel; y++) {
        const float *rows[POSITIONS];
        EACH (int p = 0; p < POSITIONS; p++) rows[p] = a + u->at[p] + y * u->row;
        for (int64_t t = 0; t < u->run; t++, w += 32) {
            __m512 left = _mm512_loadu_ps(w), right = _mm512_loadu_ps(w + 16);
            EACH (int p = 0; p < POSITIONS; p++) {
                __m512 x = _mm512_set1_ps(rows[p][t]);
                sum[p][0] = _mm512_fmadd_ps(x, left, sum[p][0]);
                sum[p][1] = _mm512_fmadd_ps(x, right, sum[p][1]);
            }
        }
    }
    EACH (int p = 0; p < POSITIONS; p++) {
        _mm512_storeu_ps(tile + 32 * p, sum[p][0]);
        _mm512_storeu_ps(tile + 32 * p + 16, sum[p][1]);
    }
}

/* A few positions with all 32 lanes: twelve sums, which keep both multipliers of a core busy. */
AVX2 INLINE void some_floats_256(const Job *job, const Under *u, const int64_t *at, const int count,
                                 const float *a, const float *w, float *tile) {
    __m256 sum[3][4];
    EACH (int p = 0; p < count; p++) EACH (int h = 0; h < 4; h++) sum[p][h] = _mm256_setzero_ps();
    for (int64_t y = 0; y < job->kernel; y++) {
        const float *rows[3];
        EACH (int p = 0; p < count; p++) rows[p] = a + at[p] + y * u->row;
        for (int64_t t = 0; t < u->run; t++, w += 32) {
            __m256 x[3];
            EACH (int p = 0; p < count; p++) x[p] = _mm256_set1_ps(rows[p][t]);
            EACH (int h = 0; h < 4; h++) {
                __m256 weights = _mm256_loadu_ps(w + 8 * h);
                EACH (int p = 0; p < count; p++)
                    sum[p][h] = _mm256_fmadd_ps(x[p], weights, sum[p][h]);
            }
        }
    }
    EACH (int p = 0; p < count; p++) EACH (int h = 0; h < 4; h++)
        _mm256_storeu_ps(tile + 32 * p + 8 * h, sum[p][h]);
}

AVX2 APART static void three_256(const Job *job, const Under *u, const int64_t *at, const float *a,
                                 const float *w, float *tile) {
    some_floats_256(job, u, at, 3, a, w, tile);
}

AVX2 APART static void two_256(const Job *job, const Under *u, const int64_t *at, const float *a,
                               const float *w, float *tile) {
    some_floats_256(job, u, at, 2, a, w, tile);
}

static void floats_256(const Job *job, const Under *u, const float *a, const float *w,
                       float *tile) {
    three_256(job, u, u->at, a, w, tile);
    three_256(job, u, u->at + 3, a, w, tile + 96);
    two_256(job, u, u->at + 6, a, w, tile + 192);
}
#endif

static void floats_portable(const Job *job, const Under *u, const float *a, const float *w,
                            float *tile) {
    memset(tile, 0, sizeof(float) * POSITIONS * 32);
    for (int64_t y = 0; y < job->kernel; y++)
        for (int64_t t = 0; t < u->run; t++, w += 32)
            for (int p = 0; p < POSITIONS; p++) {
                float x = a[u->at[p] + y * u->row + t];
                for (int m = 0; m < 32; m++) tile[32 * p + m] += x * w[m];
            }
}

INLINE void write_floats(const float *restrict sums, int64_t many, int64_t at, int64_t lane,
                         const Channels *ch, const Result *to) {
    const float *restrict scale = ch->scale + lane, *restrict shift = ch->shift + lane;
    float *restrict numbers = to->numbers + at + lane;
    if (to->added) {
        const float *restrict added = to->added + at + lane;
        for (int64_t m = 0; m < many; m++) numbers[m] = sums[m] * scale[m] + shift[m] + added[m];
    } else
        for (int64_t m = 0; m < many; m++) numbers[m] = sums[m] * scale[m] + shift[m];
}

/* `map`: (batch, rows, columns, channels) with its border; `weights`: (blocks, kernel * kernel *
 * channels, 32), and `scale` and `shift` for all lanes; numbers of the result: (batch, rows, columns,
 * outputs). */
void ensemble_convolve_floats(int level, const Job *job, const float *map, const Channels *ch,
                              const Result *to) {
    const float *weights = ch->weights;
    int64_t columns = job->width + 2 * job->padding, rows = job->height + 2 * job->padding;
    int64_t area = job->out_height * job->out_width, all = job->batch * area;
    Under u = {{0}, columns * job->channels, job->kernel * job->channels, 0};
    int64_t block = job->kernel * u.run * 32;
    float tile[POSITIONS * MOST_LANES];
    for (int64_t lane = 0; lane < job->out_channels; lane += 32, weights += block)
        for (int64_t q = 0; q < all; q += POSITIONS) {
            int64_t many = all - q < POSITIONS ? all - q : POSITIONS;
            int64_t lanes = job->out_channels - lane < 32 ? job->out_channels - lane : 32;
            for (int64_t p = 0; p < POSITIONS; p++) {
                int64_t at = q + (p < many ? p : many - 1), row = at % area / job->out_width;
                at = (at / area * rows + row * job->stride) * columns +
                     at % job->out_width * job->stride;
                u.at[p] = at * job->channels;
            }
#ifdef HAS_X86
            if (level == WITH_AVX512) floats_512(job, &u, map, weights, tile);
            else if (level == WITH_AVX2) floats_256(job, &u, map, weights, tile);
            else
#endif
                floats_portable(job, &u, map, weights, tile);
            for (int64_t p = 0; p < many; p++)
                write_floats(tile + 32 * p, lanes, (q + p) * job->out_channels, lane, ch, to);
        }
    (void)level;
}

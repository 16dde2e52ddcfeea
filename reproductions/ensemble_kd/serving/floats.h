/* Convolutions in full precision, with the same blocks: the measure of what codes gain.
 *
 * For AVX-512 alone: with AVX2 a BLAS that multiplies columns is as fast or faster. The map has its
 * border in place. The matrix of columns is never written down.
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

AVX512 static inline void write_floats(const float *restrict sums, int64_t many, int64_t at,
                                       int64_t lane, const Channels *ch, const Result *to) {
    const float *restrict scale = ch->scale + lane, *restrict shift = ch->shift + lane;
    float *restrict numbers = to->numbers + at + lane;
    if (to->added) {
        const float *restrict added = to->added + at + lane;
        for (int64_t m = 0; m < many; m++) numbers[m] = sums[m] * scale[m] + shift[m] + added[m];
    } else
        for (int64_t m = 0; m < many; m++) numbers[m] = sums[m] * scale[m] + shift[m];
}

/* `map`: (batch, rows, columns, channels) with its border; `weights`: (blocks, kernel * kernel *
 * channels, 32), and `scale` and `shift` for all lanes; the result's numbers: (batch, rows,
 * columns, outputs). */
AVX512 void ensemble_convolve_floats(const Job *job, const float *map, const Channels *ch,
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
            floats_512(job, &u, map, weights, tile);
            for (int64_t p = 0; p < many; p++)
                write_floats(tile + 32 * p, lanes, (q + p) * job->out_channels, lane, ch, to);
        }
}
#endif

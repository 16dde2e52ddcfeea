/* Sums of products of codes: eight positions with one block of output channels. */
#pragma once
#include "job.h"

INLINE void planes_portable(const Job *job, const Under *u, const uint64_t *a, const uint64_t *w,
                            int32_t *tile) {
    memset(tile, 0, sizeof(int32_t) * POSITIONS * 16);
    for (int i = 0; i < job->activation_bits; i++) {
        const uint64_t *v = w;
        for (int j = 0; j < job->weight_bits; j++)
            for (int64_t y = 0; y < job->kernel; y++)
                for (int64_t t = 0; t < u->run; t++, v += 16)
                    for (int p = 0; p < POSITIONS; p++) {
                        uint64_t word = a[u->at[p] + i * u->plane + y * u->row + t];
                        for (int m = 0; m < 16; m++) {
                            uint64_t met = job->differing ? word ^ v[m] : word & v[m];
                            tile[16 * p + m] += __builtin_popcountll(met) << (i + j);
                        }
                    }
    }
}

INLINE void words_any(const Job *job, const Under *u, const int16_t *a, const int16_t *w,
                      int32_t *tile) {
    for (int p = 0; p < POSITIONS; p++) {
        const int16_t *v = w;
        int32_t sums[16] = {0};
        for (int64_t y = 0; y < job->kernel; y++)
            for (int64_t t = 0; t < u->run; t += 2, v += 32) {
                const int16_t *pair = a + u->at[p] + y * u->row + t;
                for (int m = 0; m < 16; m++)
                    sums[m] += pair[0] * v[2 * m] + pair[1] * v[2 * m + 1];
            }
        memcpy(tile + 16 * p, sums, sizeof sums);
    }
}

#ifdef HAS_X86
AVX512 INLINE __m512i count_512(__m512i weights, __m512i word, int differing) {
    return _mm512_popcnt_epi64(differing ? _mm512_xor_si512(weights, word)
                                         : _mm512_and_si512(weights, word));
}

/* The sums of one pair of planes. */
AVX512 INLINE void pair_512(const Job *job, const Under *u, const uint64_t *a, const uint64_t *v,
                            int differing, __m512i sum[POSITIONS][2]) {
    EACH (int p = 0; p < POSITIONS; p++) sum[p][0] = sum[p][1] = _mm512_setzero_si512();
    for (int64_t y = 0; y < job->kernel; y++) {
        const uint64_t *rows[POSITIONS];
        EACH (int p = 0; p < POSITIONS; p++) rows[p] = a + y * u->row + u->at[p];
        for (int64_t t = 0; t < u->run; t++, v += 16) {
            __m512i left = _mm512_loadu_si512(v), right = _mm512_loadu_si512(v + 8);
            EACH (int p = 0; p < POSITIONS; p++) {
                __m512i word = _mm512_set1_epi64((long long)rows[p][t]);
                sum[p][0] = _mm512_add_epi64(sum[p][0], count_512(left, word, differing));
                sum[p][1] = _mm512_add_epi64(sum[p][1], count_512(right, word, differing));
            }
        }
    }
}

AVX512 INLINE void narrow_512(const __m512i sum[POSITIONS][2], int32_t *tile) {
    EACH (int p = 0; p < POSITIONS; p++) EACH (int h = 0; h < 2; h++)
        _mm256_storeu_si256((__m256i *)(tile + 16 * p + 8 * h), _mm512_cvtepi64_epi32(sum[p][h]));
}

/* Differing bits are counted for one bit alone. */
AVX512 APART static void differing_512(const Job *job, const Under *u, const uint64_t *a,
                                       const uint64_t *w, int32_t *tile) {
    __m512i sum[POSITIONS][2];
    pair_512(job, u, a, w, 1, sum);
    narrow_512(sum, tile);
}

AVX512 APART static void common_512(const Job *job, const Under *u, const uint64_t *a,
                                    const uint64_t *w, int32_t *tile) {
    __m512i sum[POSITIONS][2];
    pair_512(job, u, a, w, 0, sum);
    narrow_512(sum, tile);
}

AVX512 APART static void planes_512(const Job *job, const Under *u, const uint64_t *a,
                                    const uint64_t *w, int32_t *tile) {
    int64_t plane = job->kernel * u->run * 16;
    int32_t pair[POSITIONS * 16];
    memset(tile, 0, sizeof pair);
    for (int i = 0; i < job->activation_bits; i++)
        for (int j = 0; j < job->weight_bits; j++) {
            common_512(job, u, a + i * u->plane, w + j * plane, pair);
            for (int m = 0; m < POSITIONS * 16; m++) tile[m] += pair[m] << (i + j);
        }
}

AVX512 APART static void bytes_512(const Job *job, const Under *u, const uint8_t *a,
                                    const int8_t *w, int32_t *tile) {
    __m512i sum[POSITIONS][2];
    EACH (int p = 0; p < POSITIONS; p++) sum[p][0] = sum[p][1] = _mm512_setzero_si512();
    for (int64_t y = 0; y < job->kernel; y++) {
        const uint8_t *from = a + y * u->row;
        for (int64_t t = 0; t < u->run; t += 4, w += 128) {
            __m512i left = _mm512_loadu_si512(w), right = _mm512_loadu_si512(w + 64);
            EACH (int p = 0; p < POSITIONS; p++) {
                int32_t four;
                memcpy(&four, from + u->at[p] + t, 4);
                __m512i codes = _mm512_set1_epi32(four);
                sum[p][0] = _mm512_dpbusd_epi32(sum[p][0], codes, left);
                sum[p][1] = _mm512_dpbusd_epi32(sum[p][1], codes, right);
            }
        }
    }
    EACH (int p = 0; p < POSITIONS; p++) {
        _mm512_storeu_si512(tile + 32 * p, sum[p][0]);
        _mm512_storeu_si512(tile + 32 * p + 16, sum[p][1]);
    }
}

/* Bits of every byte are counted by two look-ups; a byte holds the counts of 31 words. */
AVX2 INLINE __m256i count_256(__m256i weights, __m256i word, int differing) {
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i counts = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
                                            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    __m256i x = differing ? _mm256_xor_si256(word, weights) : _mm256_and_si256(word, weights);
    __m256i lows = _mm256_shuffle_epi8(counts, _mm256_and_si256(x, low));
    __m256i highs = _mm256_and_si256(_mm256_srli_epi16(x, 4), low);
    return _mm256_add_epi8(lows, _mm256_shuffle_epi8(counts, highs));
}

/* One pair of planes, four positions, eight lanes; the sums are added to `total`. */
AVX2 INLINE void pair_256(const Job *job, const Under *u, const int64_t *at, const uint64_t *a,
                          const uint64_t *v, int differing, int by, __m256i total[4][2]) {
    const __m256i none = _mm256_setzero_si256();
    __m256i sum[4][2];
    int64_t room = 31;
    EACH (int p = 0; p < 4; p++) sum[p][0] = sum[p][1] = none;
    for (int64_t y = 0; y < job->kernel; y++)
        for (int64_t t = 0; t < u->run;) {
            const uint64_t *from = a + y * u->row;
            int64_t end = u->run - t < room ? u->run : t + room;
            room -= end - t;
            for (; t < end; t++, v += 16) {
                __m256i left = _mm256_loadu_si256((const __m256i *)v);
                __m256i right = _mm256_loadu_si256((const __m256i *)(v + 4));
                EACH (int p = 0; p < 4; p++) {
                    __m256i word = _mm256_set1_epi64x((long long)from[at[p] + t]);
                    sum[p][0] = _mm256_add_epi8(sum[p][0], count_256(left, word, differing));
                    sum[p][1] = _mm256_add_epi8(sum[p][1], count_256(right, word, differing));
                }
            }
            if (room && !(y + 1 == job->kernel && t == u->run)) continue;
            EACH (int p = 0; p < 4; p++) EACH (int h = 0; h < 2; h++) {
                __m256i wide = _mm256_slli_epi64(_mm256_sad_epu8(sum[p][h], none), by);
                total[p][h] = _mm256_add_epi64(total[p][h], wide);
                sum[p][h] = none;
            }
            room = 31;
        }
}

AVX2 INLINE void sum_planes_256(const Job *job, const Under *u, const uint64_t *a,
                                const uint64_t *w, int differing, int32_t *tile) {
    for (int first = 0; first < POSITIONS; first += 4)
        for (int half = 0; half < 2; half++) {
            __m256i total[4][2];
            int64_t plane = job->kernel * u->run * 16;
            EACH (int p = 0; p < 4; p++) total[p][0] = total[p][1] = _mm256_setzero_si256();
            for (int i = 0; i < job->activation_bits; i++)
                for (int j = 0; j < job->weight_bits; j++)
                    pair_256(job, u, u->at + first, a + i * u->plane, w + j * plane + 8 * half,
                             differing, i + j, total);
            for (int p = 0; p < 4; p++)
                for (int m = 0; m < 8; m++)
                    tile[16 * (first + p) + 8 * half + m] =
                        (int32_t)((const int64_t *)&total[p][m / 4])[m % 4];
        }
}

AVX2 APART static void common_256(const Job *job, const Under *u, const uint64_t *a,
                                  const uint64_t *w, int32_t *tile) {
    sum_planes_256(job, u, a, w, 0, tile);
}

AVX2 APART static void differing_256(const Job *job, const Under *u, const uint64_t *a,
                               const uint64_t *w, int32_t *tile) {
    sum_planes_256(job, u, a, w, 1, tile);
}

/* Codes of 7 bits at most: two products, 2 * 127 * 64, stay within 16 bits, and so do as many
 * pairs of narrower codes as there is room for. */
AVX2 APART static void some_bytes_256(const int64_t *at, const uint8_t *from,
                                      int64_t many, const int8_t *w, int32_t *tile) {
    const uint8_t *rows[4] = {from + at[0], from + at[1], from + at[2], from + at[3]};
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum[4][2];
    EACH (int p = 0; p < 4; p++) sum[p][0] = sum[p][1] = _mm256_setzero_si256();
    for (int64_t t = 0; t < many; t += 4, w += 128) {
        __m256i left = _mm256_loadu_si256((const __m256i *)w);
        __m256i right = _mm256_loadu_si256((const __m256i *)(w + 32));
        EACH (int p = 0; p < 4; p++) {
            int32_t four;
            memcpy(&four, rows[p] + t, 4);
            __m256i codes = _mm256_set1_epi32(four);
            sum[p][0] = _mm256_add_epi16(sum[p][0], _mm256_maddubs_epi16(codes, left));
            sum[p][1] = _mm256_add_epi16(sum[p][1], _mm256_maddubs_epi16(codes, right));
        }
    }
    EACH (int p = 0; p < 4; p++)
        EACH (int h = 0; h < 2; h++) {
            __m256i *to = (__m256i *)(tile + 32 * p + 8 * h);
            __m256i wide = _mm256_madd_epi16(sum[p][h], ones);
            _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), wide));
        }
}

AVX2 static void bytes_256(const Job *job, const Under *u, const uint8_t *a, const int8_t *w,
                           int32_t *tile) {
    const int64_t pair = 2 * ((1 << job->activation_bits) - 1) * (1 << (job->weight_bits - 1));
    const int64_t most = 4 * (32767 / pair);
    memset(tile, 0, sizeof(int32_t) * POSITIONS * 32);
    for (int first = 0; first < POSITIONS; first += 4)
        for (int half = 0; half < 2; half++)
            for (int64_t y = 0; y < job->kernel; y++)
                for (int64_t t = 0; t < u->run; t += most) {
                    int64_t many = u->run - t < most ? u->run - t : most;
                    some_bytes_256(u->at + first, a + y * u->row + t, many,
                                   w + 32 * (y * u->run + t) + 64 * half,
                                   tile + 32 * first + 16 * half);
                }
}

AVX2 APART static void words_256(const Job *job, const Under *u, const int16_t *a,
                                  const int16_t *w, int32_t *tile) {
    for (int first = 0; first < POSITIONS; first += 4) {
        const int16_t *v = w;
        __m256i sum[4][2];
        EACH (int p = 0; p < 4; p++) sum[p][0] = sum[p][1] = _mm256_setzero_si256();
        for (int64_t y = 0; y < job->kernel; y++) {
            const int16_t *from = a + y * u->row;
            for (int64_t t = 0; t < u->run; t += 2, v += 32) {
                __m256i left = _mm256_loadu_si256((const __m256i *)v);
                __m256i right = _mm256_loadu_si256((const __m256i *)(v + 16));
                EACH (int p = 0; p < 4; p++) {
                    int32_t two;
                    memcpy(&two, from + u->at[first + p] + t, 4);
                    __m256i codes = _mm256_set1_epi32(two);
                    sum[p][0] = _mm256_add_epi32(sum[p][0], _mm256_madd_epi16(codes, left));
                    sum[p][1] = _mm256_add_epi32(sum[p][1], _mm256_madd_epi16(codes, right));
                }
            }
        }
        EACH (int p = 0; p < 4; p++) {
            _mm256_storeu_si256((__m256i *)(tile + 16 * (first + p)), sum[p][0]);
            _mm256_storeu_si256((__m256i *)(tile + 16 * (first + p) + 8), sum[p][1]);
        }
    }
}
#endif

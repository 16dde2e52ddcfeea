/* From a map of numbers to packed codes, and the sum of the codes of every pixel. */
#pragma once
#include "job.h"

/* Half away from zero. Adding a half first would round 0.49999997 up. */
INLINE void codes_of(const float *x, int64_t count, float largest, uint8_t *codes) {
    for (int64_t c = 0; c < count; c++) {
        float v = x[c] > 0.0f ? x[c] : 0.0f;
        v = (v < 1.0f ? v : 1.0f) * largest;
        int32_t whole = (int32_t)v;
        codes[c] = (uint8_t)(whole + (v - (float)whole >= 0.5f));
    }
}

INLINE uint64_t above(const float *x, int64_t count, float threshold) {
    uint64_t bits = 0;
    for (int64_t c = 0; c < count; c++) bits |= (uint64_t)(x[c] >= threshold) << c;
    return bits;
}

INLINE uint64_t plane_of(const uint8_t *codes, int plane) {
    uint64_t bits = 0;
    for (int c = 0; c < 64; c++) bits |= (uint64_t)((codes[c] >> plane) & 1) << c;
    return bits;
}

#ifdef HAS_X86
AVX512 static inline uint64_t above_512(const float *x, float threshold) {
    uint64_t bits = 0;
    __m512 least = _mm512_set1_ps(threshold);
    EACH (int c = 0; c < 4; c++)
        bits |= (uint64_t)_mm512_cmp_ps_mask(_mm512_loadu_ps(x + 16 * c), least, _CMP_GE_OQ)
                << (16 * c);
    return bits;
}

AVX2 static inline uint64_t above_256(const float *x, float threshold) {
    uint64_t bits = 0;
    __m256 least = _mm256_set1_ps(threshold);
    EACH (int c = 0; c < 8; c++)
        bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(
                    _mm256_cmp_ps(_mm256_loadu_ps(x + 8 * c), least, _CMP_GE_OQ))
                << (8 * c);
    return bits;
}

AVX2 static inline uint64_t plane_256(const uint8_t *codes, int plane) {
    uint64_t bits = 0;
    EACH (int half = 0; half < 2; half++) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(codes + 32 * half));
        v = _mm256_sll_epi16(v, _mm_cvtsi32_si128(7 - plane)); /* the bit becomes its byte's top */
        bits |= (uint64_t)(uint32_t)_mm256_movemask_epi8(v) << (32 * half);
    }
    return bits;
}
#else
#define above_512(x, t) above(x, 64, t)
#define above_256(x, t) above(x, 64, t)
#define plane_256(c, p) plane_of(c, p)
#endif

/* Pack one pixel's channels at `to` (words of plane 0) and return the sum of its codes. */
INLINE int32_t pack_planes(int level, const Job *job, const float *x, int64_t plane, uint64_t *to) {
    int32_t sum = 0;
    for (int64_t first = 0; first < job->channels; first += 64, to++) {
        int64_t count = job->channels - first < 64 ? job->channels - first : 64;
        if (job->activation_bits == 1) {
            float threshold = job->sign ? 0.0f : 0.5f;
            to[0] = count < 64              ? above(x + first, count, threshold)
                    : level == WITH_AVX512 ? above_512(x + first, threshold)
                    : level == WITH_AVX2   ? above_256(x + first, threshold)
                                           : above(x + first, 64, threshold);
            sum += __builtin_popcountll(to[0]);
            continue;
        }
        uint8_t codes[64] = {0};
        codes_of(x + first, count, (float)((1 << job->activation_bits) - 1), codes);
        for (int i = 0; i < job->activation_bits; i++) {
            to[i * plane] = level == PORTABLE ? plane_of(codes, i) : plane_256(codes, i);
            sum += __builtin_popcountll(to[i * plane]) << i;
        }
    }
    return sum;
}

INLINE int32_t pack_numbers(const Job *job, const float *x, uint8_t *bytes, int16_t *words) {
    int32_t sum = 0;
    for (int64_t first = 0; first < job->channels; first += 64) {
        uint8_t codes[64];
        int64_t count = job->channels - first < 64 ? job->channels - first : 64;
        if (job->sign)
            for (int64_t c = 0; c < count; c++) codes[c] = x[first + c] >= 0.0f;
        else
            codes_of(x + first, count, (float)((1 << job->activation_bits) - 1), codes);
        for (int64_t c = 0; c < count; c++) sum += codes[c];
        if (bytes) memcpy(bytes + first, codes, (size_t)count);
        else for (int64_t c = 0; c < count; c++) words[first + c] = codes[c];
    }
    return sum;
}

/* `packed` and `pixels` are all 0 on entry: the border stays so. */
INLINE void pack_map(int level, const Job *job, const float *x, void *packed, int32_t *pixels) {
    Extent e = extent(job);
    int64_t plane = e.pixels * e.words;
    for (int64_t b = 0; b < job->batch; b++)
        for (int64_t r = 0; r < job->height; r++)
            for (int64_t c = 0; c < job->width; c++, x += job->channels) {
                int64_t at = (b * e.rows + r + job->padding) * e.columns + c + job->padding;
                int64_t to = at * e.words;
                pixels[at] =
                    job->layout == PLANES
                        ? pack_planes(level, job, x, plane, (uint64_t *)packed + to)
                        : pack_numbers(job, x, job->layout == BYTES ? (uint8_t *)packed + to : 0,
                                       job->layout == WORDS ? (int16_t *)packed + to : 0);
            }
}

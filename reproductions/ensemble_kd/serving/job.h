/* What one convolution of codes is, and how its map lies in memory. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_X86 1
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,popcnt")))
#define AVX512 __attribute__((target( \
    "avx2,fma,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx512vnni")))
#endif

#define INLINE static inline __attribute__((always_inline))
/* Apart, a loop has the registers for itself. */
#define APART __attribute__((noinline))
#define EACH _Pragma("GCC unroll 8") for
enum { PORTABLE, WITH_AVX2, WITH_AVX512 };
enum { PLANES, BYTES, WORDS };
enum { POSITIONS = 8, MOST_LANES = 32 };

/* One convolution; kernel.py has the same fields. */
typedef struct {
    int64_t batch, height, width, channels, out_channels;
    int64_t kernel, stride, padding, out_height, out_width;
    int64_t layout, activation_bits, weight_bits;
    int64_t sign;          /* a code is [x >= 0]; else round(clip(x, 0, 1) * largest code) */
    int64_t differing;     /* count differing bits, not common ones */
    int64_t multiply;      /* of the sum of products */
    int64_t sums_multiply; /* of the sum of activation codes under the kernel */
    int64_t border;        /* the taps are added where the map ends */
} Job;

typedef struct { int64_t rows, columns, words, pixels; } Extent;

/* One output: its first word, the map's row and column there, the sum of codes under it. */
typedef struct { int64_t at; int32_t row, column, under, edge; } Position;

INLINE Extent extent(const Job *job) {
    Extent e = {job->height + 2 * job->padding, job->width + 2 * job->padding, 0, 0};
    e.words = job->layout == PLANES ? (job->channels + 63) / 64 : (job->channels + 3) / 4 * 4;
    e.pixels = job->batch * e.rows * e.columns;
    return e;
}

/* Where a block's positions begin, in words, and how the words under the kernel lie. */
typedef struct { int64_t at[POSITIONS], row, run, plane; } Under;

/* What belongs to the output channels: each is padded to whole blocks of lanes. */
typedef struct {
    const void *weights;
    const int32_t *constant; /* added to every position */
    const int32_t *taps;     /* (kernel * kernel, channels): what a tap adds outside the map */
    const float *scale, *shift;
} Channels;

/* Where results go: `integers`, or else `numbers` = sum * scale + shift (+ added). */
typedef struct { int32_t *integers; float *numbers; const float *added; } Result;

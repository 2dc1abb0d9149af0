//! AVX2 instructions that replace several portable operations. The results are the same.

#[cfg(target_arch = "x86")]
use std::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

use arch::{
    __m128i, __m256i, _mm_add_epi64, _mm_avg_epu8, _mm_cvtsi128_si32, _mm_extract_epi32,
    _mm_packus_epi16, _mm_unpackhi_epi64, _mm256_add_epi64, _mm256_avg_epu8,
    _mm256_castsi256_si128, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_mulhi_epu16,
    _mm256_permute2x128_si256, _mm256_sad_epu8, _mm256_set_m128i, _mm256_setzero_si256,
    _mm256_unpackhi_epi16, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi16,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};
use fearless_simd::prelude::*;
use fearless_simd::{Avx2, i16x8, i16x16, u8x16, u8x32, u16x16};

use crate::coder::simd::bytes16;

fearless_simd::kernel!(
    /// Returns the sum of four numbers, which fits in 32 bits.
    #[inline(always)]
    fn total(_avx2: Avx2, sums: __m256i) -> u32 {
        let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        _mm_cvtsi128_si32(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums))) as u32
    }
);

#[inline(always)]
fn registers(avx2: Avx2, [a, b, c, d]: [[i16; 16]; 4]) -> [__m256i; 4] {
    let (a, b): (i16x16<Avx2>, i16x16<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
    let (c, d): (i16x16<Avx2>, i16x16<Avx2>) = (c.simd_into(avx2), d.simd_into(avx2));
    [a.into(), b.into(), c.into(), d.into()]
}

#[inline(always)]
fn arrays(avx2: Avx2, [a, b, c, d]: [__m256i; 4]) -> [[i16; 16]; 4] {
    let (a, b): (i16x16<Avx2>, i16x16<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
    let (c, d): (i16x16<Avx2>, i16x16<Avx2>) = (c.simd_into(avx2), d.simd_into(avx2));
    [a.into(), b.into(), c.into(), d.into()]
}

fearless_simd::kernel!(
    /// Returns the sum of absolute differences of pairs of rows of sixteen.
    #[inline(always)]
    pub(crate) fn sad(avx2: Avx2, a: &[u8], b: &[u8], stride: usize) -> u32 {
        let mut sum = _mm256_setzero_si256();
        let mut at = 0;
        for a in a.as_chunks::<32>().0 {
            let upper: u8x16<Avx2> = (*bytes16(b, at)).simd_into(avx2);
            let lower: u8x16<Avx2> = (*bytes16(b, at + stride)).simd_into(avx2);
            at += 2 * stride;
            let a: u8x32<Avx2> = (*a).simd_into(avx2);
            let b = _mm256_set_m128i(lower.into(), upper.into());
            sum = _mm256_add_epi64(sum, _mm256_sad_epu8(a.into(), b));
        }
        total(avx2, sum)
    }
);

fearless_simd::kernel!(
    /// Returns the same as [`sad`] for the averages of `b` and `c`.
    #[inline(always)]
    pub(crate) fn sad_average(
        avx2: Avx2,
        a: &[u8; 256],
        b: &[u8; 256],
        c: &[u8],
        stride: usize,
    ) -> u32 {
        let c = &c[..15 * stride + 16];
        let mut sum = _mm256_setzero_si256();
        let mut at = 0;
        for (a, b) in a.as_chunks::<32>().0.iter().zip(b.as_chunks::<32>().0) {
            let upper: u8x16<Avx2> = (*bytes16(c, at)).simd_into(avx2);
            let lower: u8x16<Avx2> = (*bytes16(c, at + stride)).simd_into(avx2);
            at += 2 * stride;
            let (a, b): (u8x32<Avx2>, u8x32<Avx2>) = ((*a).simd_into(avx2), (*b).simd_into(avx2));
            let mean = _mm256_avg_epu8(b.into(), _mm256_set_m128i(lower.into(), upper.into()));
            sum = _mm256_add_epi64(sum, _mm256_sad_epu8(a.into(), mean));
        }
        total(avx2, sum)
    }
);

fearless_simd::kernel!(
    /// Averages samples, rounded up.
    #[inline(always)]
    pub(crate) fn average(avx2: Avx2, a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
        let (a, b): (u8x16<Avx2>, u8x16<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
        let mean: u8x16<Avx2> = _mm_avg_epu8(a.into(), b.into()).simd_into(avx2);
        mean.into()
    }
);

fearless_simd::kernel!(
    /// Returns the upper halves of products.
    #[inline(always)]
    pub(crate) fn multiply_high(avx2: Avx2, a: [u16; 16], b: [u16; 16]) -> [u16; 16] {
        let (a, b): (u16x16<Avx2>, u16x16<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
        let product: u16x16<Avx2> = _mm256_mulhi_epu16(a.into(), b.into()).simd_into(avx2);
        product.into()
    }
);

fearless_simd::kernel!(
    /// Clamps to samples.
    #[inline(always)]
    pub(crate) fn narrow(avx2: Avx2, low: [i16; 8], high: [i16; 8]) -> [u8; 16] {
        let (low, high): (i16x8<Avx2>, i16x8<Avx2>) = (low.simd_into(avx2), high.simd_into(avx2));
        let bytes: u8x16<Avx2> = _mm_packus_epi16(low.into(), high.into()).simd_into(avx2);
        bytes.into()
    }
);

fearless_simd::kernel!(
    /// Widens samples to 16 bits.
    #[inline(always)]
    pub(crate) fn widen(avx2: Avx2, bytes: [u8; 16]) -> [i16; 16] {
        let bytes: u8x16<Avx2> = bytes.simd_into(avx2);
        let bytes: __m128i = bytes.into();
        let wide: i16x16<Avx2> = _mm256_cvtepu8_epi16(bytes).simd_into(avx2);
        wide.into()
    }
);

fearless_simd::kernel!(
    /// Returns the sums of absolute differences of the left and the right half of four rows of
    /// sixteen.
    #[inline(always)]
    pub(crate) fn sad_halves(avx2: Avx2, a: &[u8; 64], b: &[u8; 64]) -> [u32; 2] {
        let (a, b) = (a.as_chunks::<32>().0, b.as_chunks::<32>().0);
        let (a0, a1): (u8x32<Avx2>, u8x32<Avx2>) = (a[0].simd_into(avx2), a[1].simd_into(avx2));
        let (b0, b1): (u8x32<Avx2>, u8x32<Avx2>) = (b[0].simd_into(avx2), b[1].simd_into(avx2));
        let upper = _mm256_sad_epu8(a0.into(), b0.into());
        let sums = _mm256_add_epi64(upper, _mm256_sad_epu8(a1.into(), b1.into()));
        let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        [_mm_cvtsi128_si32(sums) as u32, _mm_extract_epi32::<2>(sums) as u32]
    }
);

fearless_simd::kernel!(
    /// Transposes four 4x4 blocks that are side by side.
    #[inline(always)]
    pub(crate) fn transpose(avx2: Avx2, rows: [[i16; 16]; 4]) -> [[i16; 16]; 4] {
        let [a, b, c, d] = registers(avx2, rows);
        let (t0, t1) = (_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b));
        let (t2, t3) = (_mm256_unpacklo_epi16(c, d), _mm256_unpackhi_epi16(c, d));
        let (u0, u1) = (_mm256_unpacklo_epi32(t0, t2), _mm256_unpackhi_epi32(t0, t2));
        let (u2, u3) = (_mm256_unpacklo_epi32(t1, t3), _mm256_unpackhi_epi32(t1, t3));
        let (a, b) = (_mm256_unpacklo_epi64(u0, u2), _mm256_unpackhi_epi64(u0, u2));
        let (c, d) = (_mm256_unpacklo_epi64(u1, u3), _mm256_unpackhi_epi64(u1, u3));
        arrays(avx2, [a, b, c, d])
    }
);

fearless_simd::kernel!(
    /// Transposes groups of four lanes.
    #[inline(always)]
    pub(crate) fn transpose_groups(avx2: Avx2, columns: [[i16; 16]; 4]) -> [[i16; 16]; 4] {
        let [a, b, c, d] = registers(avx2, columns);
        let (t0, t1) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
        let (t2, t3) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
        let a = _mm256_permute2x128_si256::<0x20>(t0, t2);
        let b = _mm256_permute2x128_si256::<0x20>(t1, t3);
        let c = _mm256_permute2x128_si256::<0x31>(t0, t2);
        let d = _mm256_permute2x128_si256::<0x31>(t1, t3);
        arrays(avx2, [a, b, c, d])
    }
);

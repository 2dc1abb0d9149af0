//! Instructions of AVX2 that do at once what takes several of the operations that every processor
//! has. What they return is the same.

#[cfg(target_arch = "x86")]
use std::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

use arch::{
    __m128i, _mm_add_epi64, _mm_avg_epu8, _mm_cvtsi128_si32, _mm_mulhi_epu16, _mm_packus_epi16,
    _mm_unpackhi_epi64, _mm256_add_epi64, _mm256_castsi256_si128, _mm256_cvtepu8_epi16,
    _mm256_extracti128_si256, _mm256_sad_epu8, _mm256_set_m128i, _mm256_setzero_si256,
};
use fearless_simd::prelude::*;
use fearless_simd::{Avx2, i16x8, i16x16, u8x16, u8x32, u16x8};

use crate::coder::lanes::bytes16;

fearless_simd::kernel!(
    /// The sum of absolute differences of pairs of rows of sixteen.
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
        let sum = _mm_add_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
        _mm_cvtsi128_si32(_mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum))) as u32
    }
);

fearless_simd::kernel!(
    /// Means, rounded up.
    #[inline(always)]
    pub(crate) fn average(avx2: Avx2, a: [u8; 16], b: [u8; 16]) -> [u8; 16] {
        let (a, b): (u8x16<Avx2>, u8x16<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
        let mean: u8x16<Avx2> = _mm_avg_epu8(a.into(), b.into()).simd_into(avx2);
        mean.into()
    }
);

fearless_simd::kernel!(
    /// The upper halves of products.
    #[inline(always)]
    pub(crate) fn multiply_high(avx2: Avx2, a: [u16; 8], b: [u16; 8]) -> [u16; 8] {
        let (a, b): (u16x8<Avx2>, u16x8<Avx2>) = (a.simd_into(avx2), b.simd_into(avx2));
        let product: u16x8<Avx2> = _mm_mulhi_epu16(a.into(), b.into()).simd_into(avx2);
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
    /// Samples as lanes of 16 bits.
    #[inline(always)]
    pub(crate) fn widen(avx2: Avx2, bytes: [u8; 16]) -> [i16; 16] {
        let bytes: u8x16<Avx2> = bytes.simd_into(avx2);
        let bytes: __m128i = bytes.into();
        let wide: i16x16<Avx2> = _mm256_cvtepu8_epi16(bytes).simd_into(avx2);
        wide.into()
    }
);

//! Sequence and picture parameter sets with video usability information (ITU-T H.264 §7.3.2, annex E).

use crate::coder::bits::{BitWriter, append_nal};
use crate::coder::settings::{Profile, Settings};

/// `log2_max_frame_num_minus4` + 4.
pub(crate) const FRAME_NUM_BITS: u32 = 8;

/// The limits of a level (table A-1): `level_idc`, macroblocks per second and per picture. Where two
/// have the same, the lower one.
const LEVELS: [(u32, u64, u64); 16] = [
    (10, 1_485, 99),
    (11, 3_000, 396),
    (12, 6_000, 396),
    (13, 11_880, 396),
    (21, 19_800, 792),
    (22, 20_250, 1_620),
    (30, 40_500, 1_620),
    (31, 108_000, 3_600),
    (32, 216_000, 5_120),
    (40, 245_760, 8_192),
    (42, 522_240, 8_704),
    (50, 589_824, 22_080),
    (51, 983_040, 36_864),
    (52, 2_073_600, 36_864),
    (60, 4_177_920, 139_264),
    (61, 8_355_840, 139_264),
];
const HIGHEST: u32 = 62;
/// The most pictures a second below level 6 (§A.3.4.1: so long a picture takes at least).
const MOST_PICTURES: f64 = 172.0;
/// Macroblocks a second that floats may be wrong by.
const LEAST_SPEED: f64 = 1e-6;

/// The lowest level whose limits hold at so many frames a second.
pub(crate) fn level(settings: &Settings, frame_rate: f64) -> u32 {
    let (columns, rows) = settings.macroblocks();
    let size = (columns * rows) as u64;
    let speed = (size as f64 * frame_rate - LEAST_SPEED).ceil() as u64;
    let is_fast = frame_rate > MOST_PICTURES;
    let longest = columns.max(rows) as u64;
    LEVELS
        .iter()
        .find(|&&(level, most_speed, most_size)| {
            let holds = speed <= most_speed && size <= most_size;
            holds && longest * longest <= 8 * most_size && (level >= 60 || !is_fast)
        })
        .map_or(HIGHEST, |level| level.0)
}

/// Appends both parameter sets as NAL units.
pub(crate) fn append_parameter_sets(out: &mut Vec<u8>, settings: &Settings) {
    let mut w = BitWriter::default();
    sequence(&mut w, settings);
    append_nal(out, 3, 7, w.bytes());
    w.clear();
    picture(&mut w, settings);
    append_nal(out, 3, 8, w.bytes());
}

fn sequence(w: &mut BitWriter, settings: &Settings) {
    let (columns, rows) = settings.macroblocks();
    // profile_idc, then constraint_set0_flag, constraint_set1_flag and so on.
    let (profile, constraints) = match settings.profile {
        Profile::Baseline => (66, 0b1100_0000),
        Profile::Main => (77, 0b0100_0000),
        Profile::High => (100, 0),
    };
    w.put(profile, 8);
    w.put(constraints, 8);
    let (numerator, denominator) = settings.frame_rate;
    w.put(level(settings, f64::from(numerator) / f64::from(denominator)), 8);
    w.unsigned(0); // seq_parameter_set_id
    if settings.profile == Profile::High {
        w.unsigned(1); // chroma_format_idc: 4:2:0
        w.unsigned(0); // bit_depth_luma_minus8
        w.unsigned(0); // bit_depth_chroma_minus8
        w.flag(false); // qpprime_y_zero_transform_bypass_flag
        w.flag(false); // seq_scaling_matrix_present_flag
    }
    w.unsigned(FRAME_NUM_BITS - 4);
    w.unsigned(2); // pic_order_cnt_type: output order is decoding order
    w.unsigned(1); // max_num_ref_frames
    w.flag(false); // gaps_in_frame_num_value_allowed_flag
    w.unsigned(columns as u32 - 1);
    w.unsigned(rows as u32 - 1);
    w.flag(true); // frame_mbs_only_flag
    w.flag(true); // direct_8x8_inference_flag
    let right = (columns * 16 - settings.width) as u32;
    let bottom = (rows * 16 - settings.height) as u32;
    let cropped = right > 0 || bottom > 0;
    w.flag(cropped);
    if cropped {
        w.unsigned(0);
        w.unsigned(right / 2);
        w.unsigned(0);
        w.unsigned(bottom / 2);
    }
    w.flag(true); // vui_parameters_present_flag
    usability(w, settings);
    w.trailing();
}

fn usability(w: &mut BitWriter, settings: &Settings) {
    let color = &settings.color;
    let (horizontal, vertical) = settings.pixel_aspect;
    let aspect = horizontal > 0 && vertical > 0;
    w.flag(aspect);
    if aspect {
        w.put(255, 8); // Extended_SAR
        w.put(u32::from(horizontal), 16);
        w.put(u32::from(vertical), 16);
    }
    w.flag(false); // overscan_info_present_flag
    w.flag(true); // video_signal_type_present_flag
    w.put(5, 3); // video_format: unspecified
    w.flag(color.full_range);
    w.flag(true); // colour_description_present_flag
    w.put(u32::from(color.primaries), 8);
    w.put(u32::from(color.transfer), 8);
    w.put(u32::from(color.matrix), 8);
    w.flag(color.chroma_location.is_some());
    if let Some(location) = color.chroma_location {
        w.unsigned(u32::from(location));
        w.unsigned(u32::from(location));
    }
    let (numerator, denominator) = settings.frame_rate;
    w.flag(true); // timing_info_present_flag: a tick is a field
    w.put(denominator, 32);
    w.put(numerator * 2, 32);
    // What pictures' times are is not the encoder's to say.
    w.flag(false); // fixed_frame_rate_flag
    w.flag(false); // nal_hrd_parameters_present_flag
    w.flag(false); // vcl_hrd_parameters_present_flag
    w.flag(false); // pic_struct_present_flag
    w.flag(true); // bitstream_restriction_flag
    w.flag(true); // motion_vectors_over_pic_boundaries_flag
    w.unsigned(0); // max_bytes_per_pic_denom
    w.unsigned(0); // max_bits_per_mb_denom
    w.unsigned(11); // log2_max_mv_length_horizontal
    w.unsigned(11); // log2_max_mv_length_vertical
    w.unsigned(0); // max_num_reorder_frames
    w.unsigned(1); // max_dec_frame_buffering
}

fn picture(w: &mut BitWriter, settings: &Settings) {
    w.unsigned(0); // pic_parameter_set_id
    w.unsigned(0); // seq_parameter_set_id
    w.flag(settings.cabac); // entropy_coding_mode_flag
    w.flag(false); // bottom_field_pic_order_in_frame_present_flag
    w.unsigned(0); // num_slice_groups_minus1
    w.unsigned(0); // num_ref_idx_l0_default_active_minus1
    w.unsigned(0); // num_ref_idx_l1_default_active_minus1
    w.flag(false); // weighted_pred_flag
    w.put(0, 2); // weighted_bipred_idc
    w.signed(0); // pic_init_qp_minus26
    w.signed(0); // pic_init_qs_minus26
    w.signed(0); // chroma_qp_index_offset
    w.flag(true); // deblocking_filter_control_present_flag
    w.flag(false); // constrained_intra_pred_flag
    w.flag(false); // redundant_pic_cnt_present_flag
    w.trailing();
}

/// What a slice's header says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceHeader {
    pub(crate) first_macroblock: u32,
    pub(crate) idr: bool,
    pub(crate) frame_num: u32,
    pub(crate) idr_id: u32,
    pub(crate) qp: u8,
    /// `disable_deblocking_filter_idc`.
    pub(crate) deblocking: u32,
    /// Both offsets of the filter, in twos of qp.
    pub(crate) deblocking_offset: i32,
}

impl SliceHeader {
    /// `slice_header()` and, in CABAC, the ones before `slice_data()`'s bins.
    pub(crate) fn write(&self, w: &mut BitWriter, cabac: bool) {
        w.clear();
        w.unsigned(self.first_macroblock);
        w.unsigned(if self.idr { 7 } else { 5 });
        w.unsigned(0); // pic_parameter_set_id
        w.put(self.frame_num, FRAME_NUM_BITS);
        if self.idr {
            w.unsigned(self.idr_id);
        }
        if !self.idr {
            w.flag(false); // num_ref_idx_active_override_flag
            w.flag(false); // ref_pic_list_modification_flag_l0
        }
        if self.idr {
            w.flag(false); // no_output_of_prior_pics_flag
            w.flag(false); // long_term_reference_flag
        } else {
            w.flag(false); // adaptive_ref_pic_marking_mode_flag
        }
        if cabac && !self.idr {
            w.unsigned(0); // cabac_init_idc
        }
        w.signed(i32::from(self.qp) - 26);
        w.unsigned(self.deblocking);
        if self.deblocking != 1 {
            w.signed(self.deblocking_offset); // slice_alpha_c0_offset_div2
            w.signed(self.deblocking_offset); // slice_beta_offset_div2
        }
        if cabac {
            w.align_with_ones();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_the_lowest_that_hold() {
        for (width, height, frame_rate, expected) in [
            (176, 144, (15, 1), 10),
            (352, 288, (30, 1), 13),
            (352, 288, (30_001, 1000), 21),
            (1280, 720, (30, 1), 31),
            (1920, 1080, (30, 1), 40),
            (1920, 1080, (60, 1), 42),
            (3840, 2160, (30, 1), 51),
            (4096, 4096, (25, 1), 60),
            (64, 64, (172, 1), 11),
            (64, 64, (173, 1), 60),
            (4096, 4096, (1000, 1), 62),
        ] {
            let settings = Settings { frame_rate, ..Settings::new(width, height) };
            let (numerator, denominator) = frame_rate;
            let per_second = f64::from(numerator) / f64::from(denominator);
            assert_eq!(level(&settings, per_second), expected, "{width}x{height} {frame_rate:?}");
        }
    }
}

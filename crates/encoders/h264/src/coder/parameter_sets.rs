//! Sequence and picture parameter sets with video usability information (ITU-T H.264 §7.3.2, annex
//! E).

use reelwright_core::h264::NalType;
use reelwright_core::helpers::bits::BitWriter;
use reelwright_core::{AvcConfig, ChromaLocation, ColorRange};

use crate::coder::nal::NalWriter;
use crate::settings::{Profile, Settings};

/// `chroma_sample_loc_type` of centered chroma (figure E-1).
const CENTER: u32 = 1;
/// `log2_max_frame_num_minus4` + 4.
pub(crate) const FRAME_NUM_BITS: u32 = 8;

/// Bytes reserved for a parameter set or a slice header.
pub(crate) const ROOM: usize = 128;

/// Returns both parameter sets as NAL units, with a level (`level_idc`).
pub(crate) fn parameter_sets(settings: &Settings, level: u8) -> AvcConfig {
    let mut w = BitWriter::default();
    let mut nal = NalWriter::default();
    w.start(ROOM);
    sequence(&mut w, settings, level);
    let sps = unit(&mut nal, NalType::SPS, w.bytes());
    w.start(ROOM);
    picture(&mut w, settings);
    AvcConfig::new(sps, unit(&mut nal, NalType::PPS, w.bytes()))
}

fn unit(nal: &mut NalWriter, nal_type: NalType, payload: &[u8]) -> Vec<u8> {
    nal.start(nal_type);
    nal.put(payload);
    nal.finish();
    nal.unit().to_vec()
}

/// Writes `rbsp_trailing_bits()`.
pub(crate) fn trailing(w: &mut BitWriter) {
    w.put_flag(true);
    w.align();
}

fn sequence(w: &mut BitWriter, settings: &Settings, level: u8) {
    let (columns, rows) = settings.macroblocks();
    // profile_idc, then constraint_set0_flag, constraint_set1_flag and so on.
    let (profile, constraints) = match settings.profile {
        Profile::Baseline => (66, 0b1100_0000),
        Profile::Main => (77, 0b0100_0000),
        Profile::High => (100, 0),
    };
    w.put(profile, 8);
    w.put(constraints, 8);
    w.put(level.into(), 8);
    w.put_exp_golomb(0); // seq_parameter_set_id
    if settings.profile == Profile::High {
        w.put_exp_golomb(1); // chroma_format_idc: 4:2:0
        w.put_exp_golomb(0); // bit_depth_luma_minus8
        w.put_exp_golomb(0); // bit_depth_chroma_minus8
        w.put_flag(false); // qpprime_y_zero_transform_bypass_flag
        w.put_flag(false); // seq_scaling_matrix_present_flag
    }
    w.put_exp_golomb(FRAME_NUM_BITS - 4);
    w.put_exp_golomb(2); // pic_order_cnt_type: output order equals decoding order
    w.put_exp_golomb(1); // max_num_ref_frames
    w.put_flag(false); // gaps_in_frame_num_value_allowed_flag
    w.put_exp_golomb(columns as u32 - 1);
    w.put_exp_golomb(rows as u32 - 1);
    w.put_flag(true); // frame_mbs_only_flag
    w.put_flag(true); // direct_8x8_inference_flag
    let right = (columns * 16 - settings.width) as u32;
    let bottom = (rows * 16 - settings.height) as u32;
    let cropped = right > 0 || bottom > 0;
    w.put_flag(cropped);
    if cropped {
        w.put_exp_golomb(0);
        w.put_exp_golomb(right / 2);
        w.put_exp_golomb(0);
        w.put_exp_golomb(bottom / 2);
    }
    w.put_flag(true); // vui_parameters_present_flag
    usability(w, settings);
    trailing(w);
}

fn usability(w: &mut BitWriter, settings: &Settings) {
    let color = &settings.color;
    let (horizontal, vertical) = settings.aspect;
    w.put_flag(true); // aspect_ratio_info_present_flag
    w.put(255, 8); // Extended_SAR
    w.put(horizontal.into(), 16);
    w.put(vertical.into(), 16);
    w.put_flag(false); // overscan_info_present_flag
    w.put_flag(true); // video_signal_type_present_flag
    w.put(5, 3); // video_format: unspecified
    w.put_flag(color.range == ColorRange::Full); // video_full_range_flag
    w.put_flag(true); // colour_description_present_flag
    w.put(color.primaries.code().into(), 8);
    w.put(color.transfer.code().into(), 8);
    w.put(color.matrix.code().into(), 8);
    // Chroma is at the left by default.
    let is_center = color.chroma_location == ChromaLocation::Center;
    w.put_flag(is_center); // chroma_loc_info_present_flag
    if is_center {
        w.put_exp_golomb(CENTER); // chroma_sample_loc_type_top_field
        w.put_exp_golomb(CENTER); // chroma_sample_loc_type_bottom_field
    }
    let (numerator, denominator) = settings.timing;
    w.put_flag(true); // timing_info_present_flag: a tick is a field
    w.put(denominator.into(), 32);
    w.put(2 * u64::from(numerator), 32);
    // The encoder does not know the times of all frames yet.
    w.put_flag(false); // fixed_frame_rate_flag
    w.put_flag(false); // nal_hrd_parameters_present_flag
    w.put_flag(false); // vcl_hrd_parameters_present_flag
    w.put_flag(false); // pic_struct_present_flag
    w.put_flag(true); // bitstream_restriction_flag
    w.put_flag(true); // motion_vectors_over_pic_boundaries_flag
    w.put_exp_golomb(0); // max_bytes_per_pic_denom
    w.put_exp_golomb(0); // max_bits_per_mb_denom
    w.put_exp_golomb(11); // log2_max_mv_length_horizontal
    w.put_exp_golomb(11); // log2_max_mv_length_vertical
    w.put_exp_golomb(0); // max_num_reorder_frames
    w.put_exp_golomb(1); // max_dec_frame_buffering
}

fn picture(w: &mut BitWriter, settings: &Settings) {
    w.put_exp_golomb(0); // pic_parameter_set_id
    w.put_exp_golomb(0); // seq_parameter_set_id
    w.put_flag(settings.cabac); // entropy_coding_mode_flag
    w.put_flag(false); // bottom_field_pic_order_in_frame_present_flag
    w.put_exp_golomb(0); // num_slice_groups_minus1
    w.put_exp_golomb(0); // num_ref_idx_l0_default_active_minus1
    w.put_exp_golomb(0); // num_ref_idx_l1_default_active_minus1
    w.put_flag(false); // weighted_pred_flag
    w.put(0, 2); // weighted_bipred_idc
    w.put_signed_exp_golomb(0); // pic_init_qp_minus26
    w.put_signed_exp_golomb(0); // pic_init_qs_minus26
    w.put_signed_exp_golomb(0); // chroma_qp_index_offset
    w.put_flag(true); // deblocking_filter_control_present_flag
    w.put_flag(false); // constrained_intra_pred_flag
    w.put_flag(false); // redundant_pic_cnt_present_flag
    trailing(w);
}

/// Fields of a slice header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceHeader {
    pub(crate) first_macroblock: u32,
    pub(crate) idr: bool,
    pub(crate) frame_num: u32,
    pub(crate) idr_id: u32,
    pub(crate) qp: u8,
    /// `disable_deblocking_filter_idc`.
    pub(crate) deblocking: u32,
    /// Offsets of the deblocking filter in units of 2 qp.
    pub(crate) deblocking_offset: i32,
}

impl SliceHeader {
    /// Writes `slice_header()` and, for CABAC, the alignment ones before `slice_data()`.
    pub(crate) fn write(&self, w: &mut BitWriter, cabac: bool) {
        w.put_exp_golomb(self.first_macroblock);
        w.put_exp_golomb(if self.idr { 7 } else { 5 });
        w.put_exp_golomb(0); // pic_parameter_set_id
        w.put(self.frame_num.into(), FRAME_NUM_BITS);
        if self.idr {
            w.put_exp_golomb(self.idr_id);
        }
        if !self.idr {
            w.put_flag(false); // num_ref_idx_active_override_flag
            w.put_flag(false); // ref_pic_list_modification_flag_l0
        }
        if self.idr {
            w.put_flag(false); // no_output_of_prior_pics_flag
            w.put_flag(false); // long_term_reference_flag
        } else {
            w.put_flag(false); // adaptive_ref_pic_marking_mode_flag
        }
        if cabac && !self.idr {
            w.put_exp_golomb(0); // cabac_init_idc
        }
        w.put_signed_exp_golomb(i32::from(self.qp) - 26);
        w.put_exp_golomb(self.deblocking);
        if self.deblocking != 1 {
            w.put_signed_exp_golomb(self.deblocking_offset); // slice_alpha_c0_offset_div2
            w.put_signed_exp_golomb(self.deblocking_offset); // slice_beta_offset_div2
        }
        if cabac {
            w.align_with_ones();
        }
    }
}

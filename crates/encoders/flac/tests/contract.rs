//! Contract of encoders.

use reelwright_enc_flac::ENCODER;
use reelwright_testkit::encoding::{Case, check_delay, check_encoder};

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

#[test]
fn threads_process_a_fixed_number_of_blocks() {
    let case = Case { options: "threads=3 frame_size=512", ..Case::new(&ENCODER) };
    check_delay(&case);
}

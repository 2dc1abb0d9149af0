//! Contract of encoders.

use reelwright_enc_mp3::ENCODER;
use reelwright_testkit::encoding::check_encoder;

#[test]
fn encoder_passes_common_checks() {
    check_encoder(&ENCODER);
}

//! Contract of encoders.

use reelwright_enc_pcm::ENCODERS;
use reelwright_testkit::encoding::check_encoder;

#[test]
fn encoder_passes_common_checks() {
    ENCODERS.iter().for_each(check_encoder);
}

use reelwright_core::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let wav = std::fs::read(&a[1]).unwrap();
    let pos = wav.windows(4).position(|w| w == b"data").unwrap() + 8;
    let s: Vec<i16> =
        wav[pos..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    for lv in a[2..].iter() {
        let req = AudioEncoderRequest {
            codec: CodecId::Flac,
            sample_format: SampleFormat::S16,
            sample_rate: 48000,
            layout: ChannelLayout::STEREO,
            config: CodecConfig::default(),
        };
        let mut best = f64::MAX;
        let mut size = 0;
        let mut info = [0u8; 34];
        let mut all = Vec::new();
        for _ in 0..5 {
            all.clear();
            let t = std::time::Instant::now();
            let mut o: Options = lv
                .split(',')
                .filter(|x| !x.is_empty())
                .map(|kv| {
                    if let Some((k, v)) = kv.split_once('=') {
                        (k.to_string(), v.to_string())
                    } else {
                        ("compression_level".to_string(), kv.to_string())
                    }
                })
                .collect();
            let mut e = (reelwright_enc_flac::ENCODER.open)(&req, &mut o).unwrap();
            let mut q = PacketQueue::new();
            size = 0;
            let n = e.frame_size().unwrap();
            for c in s.chunks(n * 2) {
                e.encode(&AudioFrame::packed(i16::slice(c), 2, Timestamp(0)), &mut q).unwrap();
                while let Some(p) = q.pop() {
                    size += p.data.len();
                    if a[0].is_empty() || std::env::var("DUMP").is_ok() {
                        all.extend_from_slice(&p.data);
                    }
                    q.recycle(p);
                }
            }
            e.finish(&mut q).unwrap();
            while let Some(p) = q.pop() {
                size += p.data.len();
                all.extend_from_slice(&p.data);
                q.recycle(p);
            }
            if let CodecRecord::Flac(i) = &e.parameters().record {
                info = i.to_bytes();
            }
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!(
            "{lv:>4} {size:>9} {:.3}s {:.1} ns/sample {:.0}x",
            best,
            best * 1e9 / s.len() as f64,
            s.len() as f64 / 96000.0 / best
        );
        if let Ok(p) = std::env::var("DUMP") {
            let mut f = b"fLaC\x80\0\0\x22".to_vec();
            f.extend_from_slice(&info);
            f.extend_from_slice(&all);
            std::fs::write(p, f).unwrap();
        }
    }
}

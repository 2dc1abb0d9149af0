//! Video encoder, called directly or on its own thread.
//!
//! With a thread, frames and packets are exchanged in a fixed order, so that the output never
//! depends on the speed of threads: a frame's packets arrive with the second frame after it, or
//! when the encoder is [drained](Engine::drain). Platforms without threads keep this order.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use reelwright_core::{
    Error, Interrupt, Packet, PacketQueue, Result, StreamParameters, VideoEncoder, VideoFrame,
};

/// Maximum number of frames in flight to and from the thread.
const IN_FLIGHT: usize = 2;

/// Encoder, with or without a thread.
pub(crate) enum Engine {
    Direct(Box<dyn VideoEncoder>),
    Threaded(Box<Threaded>),
}

impl Engine {
    /// Creates an encoder, on its own thread if `is_threaded`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn new(encoder: Box<dyn VideoEncoder>, is_threaded: bool) -> Result<Self> {
        if is_threaded {
            Threaded::start(encoder).map(|threaded| Self::Threaded(Box::new(threaded)))
        } else {
            Ok(Self::Direct(encoder))
        }
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        match self {
            Self::Direct(encoder) => encoder.parameters(),
            Self::Threaded(threaded) => &threaded.parameters,
        }
    }

    /// Returns the maximum number of frames that have no packet yet.
    pub(crate) fn max_delay(&self) -> usize {
        match self {
            Self::Direct(encoder) => encoder.max_delay(),
            Self::Threaded(threaded) => threaded.max_delay,
        }
    }

    /// Waits until a frame can be encoded, and appends the packets that become ready.
    ///
    /// # Errors
    /// The encoder failed for an earlier frame, or an interrupt occurs.
    pub(crate) fn make_room(
        &mut self,
        packets: &mut PacketQueue,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Threaded(threaded) => threaded.make_room(packets, interrupt),
        }
    }

    /// Encodes a frame and appends the packets that are ready. Requires a previous
    /// [`make_room`](Self::make_room).
    ///
    /// # Errors
    /// The encoder fails.
    pub(crate) fn encode(&mut self, frame: VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        match self {
            Self::Direct(encoder) => encoder.encode(&frame, packets),
            Self::Threaded(threaded) => threaded.encode(frame, packets),
        }
    }

    /// Appends the packets of all frames so far, except those that the encoder delays.
    ///
    /// # Errors
    /// The encoder fails, or an interrupt occurs.
    pub(crate) fn drain(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Threaded(threaded) => threaded.drain(packets, interrupt),
        }
    }

    /// Returns whether frames are in flight, so that [`drain`](Self::drain) may append packets.
    pub(crate) fn can_drain(&self) -> bool {
        match self {
            Self::Direct(_) => false,
            Self::Threaded(threaded) => threaded.in_flight > 0,
        }
    }

    /// Appends the remaining packets. No frames can be encoded afterwards. After an interrupt,
    /// another call continues.
    ///
    /// # Errors
    /// The encoder fails, or an interrupt occurs.
    pub(crate) fn finish(
        &mut self,
        packets: &mut PacketQueue,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Direct(encoder) => encoder.finish(packets),
            Self::Threaded(threaded) => threaded.finish(packets, interrupt),
        }
    }

    /// Discards frames in flight without waiting.
    pub(crate) fn abandon(&mut self) {
        if let Self::Threaded(threaded) = self {
            threaded.abandon();
        }
    }
}

/// Job for the encoder.
#[allow(clippy::large_enum_variant)] // a box would be an allocation per frame
enum Job {
    /// A frame, a buffer for a packet, and a list for packets.
    Encode(VideoFrame, Vec<u8>, Vec<Packet>),
    Finish,
}

/// Result of a job.
struct Done {
    result: Result<()>,
    packets: Vec<Packet>,
    /// Final parameters, after the last job.
    parameters: Option<StreamParameters>,
}

/// Encoder that runs jobs. After a failure it runs no jobs, but each job still has a result.
struct Runner {
    encoder: Box<dyn VideoEncoder>,
    queue: PacketQueue,
    has_failed: bool,
}

impl Runner {
    fn run(&mut self, job: Job) -> Done {
        let Self { encoder, queue, has_failed } = self;
        let (mut packets, mut parameters) = (Vec::new(), None);
        let result = match job {
            _ if *has_failed => Err(failed_earlier()),
            Job::Encode(frame, buffer, spare) => {
                queue.recycle(Packet { data: buffer, ..Packet::default() });
                packets = spare;
                // The frame is released before its result is sent.
                encoder.encode(&frame, queue)
            }
            Job::Finish => {
                let finished = encoder.finish(queue);
                parameters = Some(encoder.parameters().clone());
                finished
            }
        };
        *has_failed = result.is_err();
        while let Some(packet) = queue.pop() {
            packets.push(packet);
        }
        Done { result, packets, parameters }
    }
}

/// Execution of jobs.
enum Place {
    Thread {
        jobs: SyncSender<Job>,
        done: Receiver<Done>,
        thread: JoinHandle<()>,
    },
    /// Encodes in the calling thread.
    Inline {
        runner: Box<Runner>,
        done: VecDeque<Done>,
    },
    /// The encoder was abandoned.
    Abandoned,
}

/// Encoder on its own thread.
pub(crate) struct Threaded {
    parameters: StreamParameters,
    max_delay: usize,
    place: Place,
    /// Number of frames without a received result.
    in_flight: usize,
    /// Empty lists for reuse.
    spare: Vec<Vec<Packet>>,
    /// True if the last job was sent.
    is_ending: bool,
}

impl Threaded {
    fn start(encoder: Box<dyn VideoEncoder>) -> Result<Self> {
        let parameters = encoder.parameters().clone();
        let max_delay = encoder.max_delay() + IN_FLIGHT;
        let runner = Runner { encoder, queue: PacketQueue::new(), has_failed: false };
        // WebAssembly supports threads only on pages that enable them.
        let place = if cfg!(target_family = "wasm") {
            Place::Inline { runner: Box::new(runner), done: VecDeque::new() }
        } else {
            Self::thread(runner)?
        };
        Ok(Self { parameters, max_delay, place, in_flight: 0, spare: Vec::new(), is_ending: false })
    }

    fn thread(mut runner: Runner) -> Result<Place> {
        let (jobs, jobs_in) = sync_channel(IN_FLIGHT);
        let (done_out, done) = sync_channel(IN_FLIGHT + 1);
        let work = move || {
            for job in jobs_in {
                if done_out.send(runner.run(job)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("reelwright-video".into())
            .spawn(work)
            .map_err(|error| Error::io("Failed to start a thread for the encoder", error))?;
        Ok(Place::Thread { jobs, done, thread })
    }

    fn send(&mut self, job: Job) -> Result<()> {
        match &mut self.place {
            Place::Thread { jobs, .. } => jobs.send(job).map_err(|_| failed_earlier()),
            Place::Inline { runner, done } => {
                done.push_back(runner.run(job));
                Ok(())
            }
            Place::Abandoned => Err(failed_earlier()),
        }
    }

    /// Waits for the first job in flight.
    fn receive(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        let mut done = match &mut self.place {
            Place::Thread { done, .. } => await_result(done, interrupt)?,
            Place::Inline { done, .. } => done.pop_front().ok_or_else(failed_earlier)?,
            Place::Abandoned => return Err(failed_earlier()),
        };
        self.in_flight = self.in_flight.saturating_sub(1);
        for packet in done.packets.drain(..) {
            let mut packet = packet;
            let to = packets.push_buffer(std::mem::take(&mut packet.data));
            let data = std::mem::take(&mut to.data);
            *to = Packet { data, ..packet };
        }
        self.spare.push(done.packets);
        if let Some(parameters) = done.parameters {
            self.parameters = parameters;
        }
        done.result
    }

    fn make_room(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        while self.in_flight >= IN_FLIGHT {
            self.receive(packets, interrupt)?;
        }
        Ok(())
    }

    fn encode(&mut self, frame: VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        let spare = self.spare.pop().unwrap_or_default();
        self.send(Job::Encode(frame, packets.take_buffer(), spare))?;
        self.in_flight += 1;
        Ok(())
    }

    fn drain(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        while self.in_flight > 0 {
            self.receive(packets, interrupt)?;
        }
        Ok(())
    }

    fn finish(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        self.drain(packets, interrupt)?;
        if !self.is_ending {
            self.send(Job::Finish)?;
            self.is_ending = true;
        }
        self.receive(packets, interrupt)
    }

    /// Detaches the thread, which ends after its current job.
    fn abandon(&mut self) {
        self.in_flight = 0;
        self.place = Place::Abandoned;
    }
}

impl Drop for Threaded {
    fn drop(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Abandoned);
        if let Place::Thread { jobs, done, thread } = place {
            // The thread ends when its jobs end. Its results need a receiver until then.
            drop(jobs);
            drop(thread.join());
            drop(done);
        }
    }
}

/// Waits for a result of the thread.
fn await_result(done: &Receiver<Done>, interrupt: &Interrupt) -> Result<Done> {
    let begin = Instant::now();
    loop {
        match done.recv_timeout(Interrupt::POLL_INTERVAL) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Timeout) if interrupt.is_raised_after(begin.elapsed()) => {
                return Err(Interrupt::error());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(failed_earlier()),
        }
    }
}

/// Returns the error of an encoder that already reported its failure.
fn failed_earlier() -> Error {
    Error::state("The encoder failed earlier.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelwright_core::{
        CodecId, ColorInfo, ErrorKind, MediaParameters, PixelFormat, Rational, TimeBase, Timestamp,
        VideoFormat, VideoParameters,
    };

    use super::*;

    /// Encoder that is slow for some frames, delays one frame, and fails at one.
    struct Slow {
        parameters: StreamParameters,
        last: Option<Timestamp>,
        fails_at: i64,
    }

    impl VideoEncoder for Slow {
        fn parameters(&self) -> &StreamParameters {
            &self.parameters
        }

        fn max_delay(&self) -> usize {
            1
        }

        fn encode(&mut self, frame: &VideoFrame, packets: &mut PacketQueue) -> Result<()> {
            if frame.pts.0 == self.fails_at {
                return Err(Error::unsupported("This frame cannot be encoded."));
            }
            std::thread::sleep(Duration::from_millis((frame.pts.0 % 3) as u64));
            if let Some(pts) = self.last.replace(frame.pts) {
                let packet = packets.push();
                packet.data.push(frame.view()?.planes_of::<u8>()?[0].row(0, 1)[0]);
                (packet.pts, packet.dts) = (pts, pts);
            }
            Ok(())
        }

        fn finish(&mut self, packets: &mut PacketQueue) -> Result<()> {
            if let Some(pts) = self.last.take() {
                let packet = packets.push();
                (packet.pts, packet.dts) = (pts, pts);
            }
            self.parameters.bit_rate = Some(1);
            Ok(())
        }
    }

    fn engine(is_threaded: bool, fails_at: i64) -> Engine {
        let rate = Rational::new(25, 1).unwrap();
        let parameters = StreamParameters::new(
            CodecId::H264,
            TimeBase::new(rate.inverse()),
            MediaParameters::Video(
                VideoParameters::new(VideoFormat {
                    width: 2,
                    height: 2,
                    pixel_format: PixelFormat::Gray8,
                    sample_aspect_ratio: Rational::ONE,
                    color: ColorInfo::BT601,
                })
                .frame_rate(Some(rate)),
            ),
        );
        Engine::new(Box::new(Slow { parameters, last: None, fails_at }), is_threaded).unwrap()
    }

    /// Creates a frame of one gray value at a pts.
    fn frame(pts: i64, gray: u8) -> VideoFrame {
        let format = VideoFormat::new(PixelFormat::Gray8, 2, 2, ColorInfo::BT601);
        let mut frame = VideoFrame::new(&format).unwrap();
        for (plane, _) in frame.planes_mut::<u8>().unwrap() {
            plane.fill(gray);
        }
        frame.with_pts(Timestamp(pts))
    }

    fn encode(engine: &mut Engine, frame: VideoFrame, packets: &mut PacketQueue) -> Result<()> {
        engine.make_room(packets, &Interrupt::new())?;
        engine.encode(frame, packets)
    }

    #[test]
    fn interrupt_loses_no_packet() {
        let interrupt = Interrupt::new();
        let mut engine = engine(true, -1);
        let mut packets = PacketQueue::new();
        for index in 0..2 {
            encode(&mut engine, frame(index, 0), &mut packets).unwrap();
        }
        interrupt.raise();
        let mut calls = 0;
        while let Err(error) = engine.finish(&mut packets, &interrupt) {
            assert_eq!(error.kind(), ErrorKind::Interrupted);
            calls += 1;
            interrupt.clear();
        }
        // The packet may have been ready before the check.
        assert!(calls <= 1);
        assert_eq!(packets.len(), 2);
    }

    #[test]
    fn threaded_packets_are_equal_and_arrive_in_fixed_order() {
        let mut of = [Vec::new(), Vec::new()];
        for (is_threaded, found) in [false, true].into_iter().zip(&mut of) {
            let mut engine = engine(is_threaded, -1);
            let mut packets = PacketQueue::new();
            for index in 0..20 {
                encode(&mut engine, frame(index.into(), index), &mut packets).unwrap();
                let late = if is_threaded { IN_FLIGHT as u8 } else { 0 };
                assert_eq!(found.len() + packets.len(), index.saturating_sub(late).into());
                while let Some(packet) = packets.pop() {
                    found.push((packet.pts, packet.data.clone()));
                    packets.recycle(packet);
                }
            }
            engine.drain(&mut packets, &Interrupt::new()).unwrap();
            assert_eq!((engine.can_drain(), found.len() + packets.len()), (false, 19));
            engine.finish(&mut packets, &Interrupt::new()).unwrap();
            found.extend(packets.iter().map(|packet| (packet.pts, packet.data.clone())));
            assert_eq!(engine.parameters().bit_rate, Some(1));
        }
        assert_eq!(of[0], of[1]);
    }

    #[test]
    fn platforms_without_threads_keep_the_order() {
        let mut engine = engine(true, -1);
        if let Engine::Threaded(threaded) = &mut engine {
            let Engine::Direct(encoder) = self::engine(false, -1) else { panic!("a thread") };
            let runner = Runner { encoder, queue: PacketQueue::new(), has_failed: false };
            threaded.place = Place::Inline { runner: Box::new(runner), done: VecDeque::new() };
        }
        let mut packets = PacketQueue::new();
        for index in 0..20 {
            encode(&mut engine, frame(index, 0), &mut packets).unwrap();
            assert_eq!(packets.len(), (index as usize).saturating_sub(IN_FLIGHT));
        }
        engine.finish(&mut packets, &Interrupt::new()).unwrap();
        assert_eq!((engine.max_delay(), packets.len()), (IN_FLIGHT + 1, 20));
    }

    #[test]
    fn error_is_reported_once() {
        for calls in 0..4 {
            let mut engine = engine(true, 3);
            let mut packets = PacketQueue::new();
            let mut failed = 0;
            for index in 0..4 + calls {
                let encoded = encode(&mut engine, frame(index.into(), 0), &mut packets).err();
                if let Some(error) = encoded {
                    failed += 1;
                    let is_original = error.to_string().contains("This frame");
                    assert!(is_original == (failed == 1), "{error}");
                }
            }
            let drained = if calls % 2 == 0 {
                engine.drain(&mut packets, &Interrupt::new())
            } else {
                engine.finish(&mut packets, &Interrupt::new())
            };
            let is_original = drained.unwrap_err().to_string().contains("This frame");
            assert_eq!(is_original, failed == 0, "{calls}");
            assert_eq!(packets.len(), 2);
        }
    }

    #[test]
    fn can_be_dropped_while_encoding() {
        let mut engine = engine(true, -1);
        let mut packets = PacketQueue::new();
        for index in 0..2 {
            encode(&mut engine, frame(index, 0), &mut packets).unwrap();
        }
    }
}

//! A video encoder, here or on a thread of its own.
//!
//! Apart, pictures go over and packets come back in a fixed rhythm, so that what is written never
//! depends on how fast which thread is: a picture's packets come with the second picture after it,
//! or when the encoder is [drained](Engine::drain).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use reelwright_core::{
    Error, Interrupt, Packet, PacketQueue, Result, StreamParameters, Timestamp, VideoBuffer,
    VideoEncoder, VideoFrame,
};

/// Pictures that are at most on their way to packets.
pub(crate) const IN_FLIGHT: usize = 2;

/// A frame's pts and, if known, its duration, in units of the time base.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) pts: Timestamp,
    pub(crate) duration: Option<i64>,
}

impl Shown {
    fn frame(self, picture: &VideoBuffer) -> VideoFrame<'_> {
        VideoFrame { duration: self.duration, ..picture.frame(self.pts) }
    }
}

impl From<i64> for Shown {
    fn from(pts: i64) -> Self {
        Self { pts: Timestamp(pts), duration: None }
    }
}

/// An encoder at work.
pub(crate) enum Engine {
    Here(Box<dyn VideoEncoder>),
    Apart(Box<Worker>),
}

impl Engine {
    /// The encoder, on a thread of its own if it `is_apart`.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn new(encoder: Box<dyn VideoEncoder>, is_apart: bool) -> Result<Self> {
        // The web has threads only where a page asks for them.
        if is_apart && !cfg!(target_family = "wasm") {
            Worker::start(encoder).map(|worker| Self::Apart(Box::new(worker)))
        } else {
            Ok(Self::Here(encoder))
        }
    }

    pub(crate) fn parameters(&self) -> &StreamParameters {
        match self {
            Self::Here(encoder) => encoder.parameters(),
            Self::Apart(worker) => &worker.parameters,
        }
    }

    /// Waits until a picture can be taken in; appends the packets that become ready.
    ///
    /// # Errors
    /// The encoder's, of a picture before, or an interrupt.
    pub(crate) fn make_room(
        &mut self,
        packets: &mut PacketQueue,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Here(_) => Ok(()),
            Self::Apart(worker) => worker.make_room(packets, interrupt),
        }
    }

    /// Takes a picture in, for which there must be room; appends the packets that are ready.
    ///
    /// # Errors
    /// The encoder's.
    pub(crate) fn encode(
        &mut self,
        picture: &Arc<VideoBuffer>,
        shown: Shown,
        packets: &mut PacketQueue,
    ) -> Result<()> {
        match self {
            Self::Here(encoder) => encoder.encode(&shown.frame(picture), packets),
            Self::Apart(worker) => worker.encode(picture, shown, packets),
        }
    }

    /// Appends the packets of all pictures so far, but for those that the encoder keeps.
    ///
    /// # Errors
    /// The encoder's, or an interrupt.
    pub(crate) fn drain(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        match self {
            Self::Here(_) => Ok(()),
            Self::Apart(worker) => worker.drain(packets, interrupt),
        }
    }

    /// Appends what is still inside. Nothing is encoded after that. After an interrupt it goes on
    /// where it was.
    ///
    /// # Errors
    /// The encoder's, or an interrupt.
    pub(crate) fn finish(
        &mut self,
        packets: &mut PacketQueue,
        interrupt: &Interrupt,
    ) -> Result<()> {
        match self {
            Self::Here(encoder) => encoder.finish(packets),
            Self::Apart(worker) => worker.finish(packets, interrupt),
        }
    }

    /// Gives up what is inside: nobody waits for it.
    pub(crate) fn abandon(&mut self) {
        if let Self::Apart(worker) = self {
            worker.abandon();
        }
    }

    /// When the first and the last picture are shown that are on their way to packets.
    pub(crate) fn in_flight(&self) -> Option<(Timestamp, Timestamp)> {
        match self {
            Self::Here(_) => None,
            Self::Apart(worker) => Some((*worker.times.front()?, *worker.times.back()?)),
        }
    }
}

/// What the thread is to do.
enum Job {
    /// A picture, memory for a packet, and for packets.
    Encode(Arc<VideoBuffer>, Shown, Vec<u8>, Vec<Packet>),
    Finish,
}

/// What came of a job.
struct Done {
    result: Result<()>,
    packets: Vec<Packet>,
    /// As they are at the end.
    parameters: Option<StreamParameters>,
}

/// An encoder on a thread of its own.
pub(crate) struct Worker {
    parameters: StreamParameters,
    jobs: Option<SyncSender<Job>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
    /// Of the pictures in flight.
    times: VecDeque<Timestamp>,
    /// Emptied, to be filled again.
    spare: Vec<Vec<Packet>>,
    /// Whether the end was asked for.
    is_ending: bool,
}

impl Worker {
    fn start(encoder: Box<dyn VideoEncoder>) -> Result<Self> {
        let parameters = encoder.parameters().clone();
        let (jobs, jobs_in) = sync_channel(IN_FLIGHT);
        let (done_out, done) = sync_channel(IN_FLIGHT + 1);
        let thread = std::thread::Builder::new()
            .name("reelwright-video".into())
            .spawn(move || work(encoder, &jobs_in, &done_out))
            .map_err(|error| Error::io("Failed to start a thread for the encoder", error))?;
        Ok(Self {
            parameters,
            jobs: Some(jobs),
            done,
            thread: Some(thread),
            times: VecDeque::with_capacity(IN_FLIGHT),
            spare: Vec::new(),
            is_ending: false,
        })
    }

    fn send(&self, job: Job) -> Result<()> {
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(gone)
    }

    /// Waits for the first job in flight.
    fn receive(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        let begin = Instant::now();
        let mut done = loop {
            match self.done.recv_timeout(Interrupt::PERIOD) {
                Ok(done) => break done,
                Err(RecvTimeoutError::Timeout) if interrupt.is_raised_after(begin.elapsed()) => {
                    return Err(Interrupt::error());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        };
        self.times.pop_front();
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
        while self.times.len() >= IN_FLIGHT {
            self.receive(packets, interrupt)?;
        }
        Ok(())
    }

    fn encode(
        &mut self,
        picture: &Arc<VideoBuffer>,
        shown: Shown,
        packets: &mut PacketQueue,
    ) -> Result<()> {
        let spare = self.spare.pop().unwrap_or_default();
        self.send(Job::Encode(Arc::clone(picture), shown, packets.take_buffer(), spare))?;
        self.times.push_back(shown.pts);
        Ok(())
    }

    fn drain(&mut self, packets: &mut PacketQueue, interrupt: &Interrupt) -> Result<()> {
        while !self.times.is_empty() {
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

    fn abandon(&mut self) {
        self.times.clear();
        self.jobs = None;
        // It ends after what it is at work on.
        self.thread = None;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without jobs the thread ends; what it has done has a place.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the thread does: all jobs; none after one that failed, but each is answered.
fn work(mut encoder: Box<dyn VideoEncoder>, jobs: &Receiver<Job>, done: &SyncSender<Done>) {
    let mut queue = PacketQueue::new();
    let mut has_failed = false;
    for job in jobs {
        let (mut packets, mut parameters) = (Vec::new(), None);
        let result = match job {
            _ if has_failed => Err(gone()),
            Job::Encode(picture, shown, buffer, spare) => {
                queue.recycle(Packet { data: buffer, ..Packet::default() });
                packets = spare;
                // The picture is given back before anyone is told.
                encoder.encode(&shown.frame(&picture), &mut queue)
            }
            Job::Finish => {
                let finished = encoder.finish(&mut queue);
                parameters = Some(encoder.parameters().clone());
                finished
            }
        };
        has_failed = result.is_err();
        while let Some(packet) = queue.pop() {
            packets.push(packet);
        }
        if done.send(Done { result, packets, parameters }).is_err() {
            return;
        }
    }
}

/// The error of an encoder that failed before, and told it.
fn gone() -> Error {
    Error::state("The encoder failed before.")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelwright_core::{
        CodecId, CodecRecord, ColorInfo, ErrorKind, MediaParameters, PixelFormat, Rational,
        TimeBase, VideoFormat, VideoParameters,
    };

    use super::*;

    /// Takes its time, now and then; keeps a picture back; fails at one.
    struct Slow {
        parameters: StreamParameters,
        last: Option<Timestamp>,
        fails_at: i64,
    }

    impl VideoEncoder for Slow {
        fn parameters(&self) -> &StreamParameters {
            &self.parameters
        }

        fn encode(&mut self, frame: &VideoFrame<'_>, packets: &mut PacketQueue) -> Result<()> {
            if frame.pts.0 == self.fails_at {
                return Err(Error::unsupported("This one cannot be encoded."));
            }
            std::thread::sleep(Duration::from_millis((frame.pts.0 % 3) as u64));
            if let Some(pts) = self.last.replace(frame.pts) {
                let packet = packets.push();
                packet.data.push(frame.planes_of::<u8>()?[0].data[0]);
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

    fn engine(is_apart: bool, fails_at: i64) -> Engine {
        let rate = Rational::new(25, 1).unwrap();
        let parameters = StreamParameters {
            language: None,
            time_base: TimeBase::new(rate.inverse()),
            codec: CodecId::H264,
            record: CodecRecord::None,
            bit_rate: None,
            media: MediaParameters::Video(VideoParameters {
                format: VideoFormat {
                    width: 2,
                    height: 2,
                    pixel_format: PixelFormat::Gray8,
                    sample_aspect_ratio: Rational::ONE,
                    color: ColorInfo::BT601,
                },
                frame_rate: Some(rate),
            }),
        };
        Engine::new(Box::new(Slow { parameters, last: None, fails_at }), is_apart).unwrap()
    }

    /// A picture of one grey.
    fn picture(grey: u8) -> Arc<VideoBuffer> {
        let mut picture = VideoBuffer::new(PixelFormat::Gray8, 2, 2, ColorInfo::BT601).unwrap();
        picture.planes_mut().unwrap()[0].0[0] = grey;
        Arc::new(picture)
    }

    fn encode(
        engine: &mut Engine,
        pts: i64,
        picture: &Arc<VideoBuffer>,
        packets: &mut PacketQueue,
    ) -> Result<()> {
        engine.make_room(packets, &Interrupt::new())?;
        engine.encode(picture, pts.into(), packets)
    }

    #[test]
    fn an_interrupt_loses_no_packet() {
        let interrupt = Interrupt::new();
        let mut engine = engine(true, -1);
        let mut packets = PacketQueue::new();
        for index in 0..2 {
            encode(&mut engine, index, &picture(0), &mut packets).unwrap();
        }
        interrupt.raise();
        let mut calls = 0;
        while let Err(error) = engine.finish(&mut packets, &interrupt) {
            assert_eq!(error.kind(), ErrorKind::Interrupted);
            calls += 1;
            interrupt.clear();
        }
        // It may have been ready before anybody asked.
        assert!(calls <= 1);
        assert_eq!(packets.len(), 2);
    }

    #[test]
    fn packets_are_the_same_apart_and_their_rhythm_is_fixed() {
        let mut of = [Vec::new(), Vec::new()];
        for (is_apart, found) in [false, true].into_iter().zip(&mut of) {
            let mut engine = engine(is_apart, -1);
            let mut packets = PacketQueue::new();
            for index in 0..20 {
                encode(&mut engine, index.into(), &picture(index), &mut packets).unwrap();
                let late = if is_apart { IN_FLIGHT as u8 } else { 0 };
                assert_eq!(found.len() + packets.len(), index.saturating_sub(late).into());
                while let Some(packet) = packets.pop() {
                    found.push((packet.pts, packet.data.clone()));
                    packets.recycle(packet);
                }
            }
            engine.drain(&mut packets, &Interrupt::new()).unwrap();
            assert_eq!((engine.in_flight(), found.len() + packets.len()), (None, 19));
            engine.finish(&mut packets, &Interrupt::new()).unwrap();
            found.extend(packets.iter().map(|packet| (packet.pts, packet.data.clone())));
            assert_eq!(engine.parameters().bit_rate, Some(1));
        }
        assert_eq!(of[0], of[1]);
    }

    #[test]
    fn an_error_comes_out_once_whatever_is_called_next() {
        for calls in 0..4 {
            let mut engine = engine(true, 3);
            let mut packets = PacketQueue::new();
            let mut failed = 0;
            for index in 0..4 + calls {
                let encoded = encode(&mut engine, index.into(), &picture(0), &mut packets).err();
                if let Some(error) = encoded {
                    failed += 1;
                    let told = error.to_string().contains("This one");
                    assert!(told == (failed == 1), "{error}");
                }
            }
            let drained = if calls % 2 == 0 {
                engine.drain(&mut packets, &Interrupt::new())
            } else {
                engine.finish(&mut packets, &Interrupt::new())
            };
            let told = drained.unwrap_err().to_string().contains("This one");
            assert_eq!(told, failed == 0, "{calls}");
            assert_eq!(packets.len(), 2);
        }
    }

    #[test]
    fn it_can_be_dropped_at_work() {
        let mut engine = engine(true, -1);
        let mut packets = PacketQueue::new();
        for index in 0..2 {
            encode(&mut engine, index, &picture(0), &mut packets).unwrap();
        }
    }
}

// Plays video and audio in headless Chromium, and reads the files with two parsers.
//
//   node check.mjs DIRECTORY CHROMIUM
//
// DIRECTORY has the files, and `files.json` with the expected values of each. Prints one line per
// failed check. The exit code is 1 if a check fails.

import { createReadStream, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { ALL_FORMATS, FilePathSource, Input } from "mediabunny";
import { createFile, VTTin4Parser } from "mp4box";
import puppeteer from "puppeteer-core";

// Tolerance of durations, in seconds.
const TIME = 0.002;

const [directory, browser] = process.argv.slice(2);
const files = JSON.parse(readFileSync(join(directory, "files.json")));
let failures = 0;

function expect(file, what, isRight, found, expected) {
  if (isRight) return;
  failures += 1;
  console.log(`FAILED ${file.name}: ${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

const near = (a, b, tolerance) => Math.abs(a - b) <= tolerance;

// Serves the files over HTTP, because a page may only read pixels of its own origin.
const server = createServer((request, response) => {
  const name = basename(new URL(request.url, "http://localhost").pathname);
  if (!name) {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><body style='margin:0'></body>");
    return;
  }
  const path = join(directory, name);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (!size) {
    response.writeHead(404).end();
    return;
  }
  const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range && range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  response.writeHead(range ? 206 : 200, {
    "accept-ranges": "bytes",
    "content-length": end - start + 1,
    ...(range && { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
});

// Functions that run in the page.

async function openVideo(name) {
  const video = document.createElement("video");
  video.muted = true;
  video.src = `/${name}`;
  video.style.display = "block";
  document.body.replaceChildren(video);
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error.message || `error ${video.error.code}`));
  });
  return { duration: video.duration, width: video.videoWidth, height: video.videoHeight };
}

async function seek(seconds) {
  const video = document.querySelector("video");
  await new Promise((resolve) => {
    video.onseeked = () => requestAnimationFrame(() => requestAnimationFrame(resolve));
    video.currentTime = seconds;
  });
}

async function playToTheEnd() {
  const video = document.querySelector("video");
  video.currentTime = 0;
  video.playbackRate = 2;
  await new Promise((resolve, reject) => {
    video.onended = resolve;
    video.onerror = () => reject(new Error(video.error.message));
    video.play().catch(reject);
  });
  return video.currentTime;
}

async function openImage(name) {
  const image = new Image();
  image.src = `/${name}`;
  document.body.replaceChildren(image);
  await image.decode();
  return { width: image.naturalWidth, height: image.naturalHeight };
}

async function pixels(screenshot, points) {
  const blob = await (await fetch(`data:image/png;base64,${screenshot}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  return points.map(([x, y]) => [...canvas.getImageData(x, y, 1, 1).data.slice(0, 3)]);
}

async function decodeAudio(name, rate, threshold) {
  const bytes = await (await fetch(`/${name}`)).arrayBuffer();
  const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  const onsets = [];
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    onsets.push(decoded.getChannelData(channel).findIndex((x) => Math.abs(x) > threshold));
  }
  return { length: decoded.length, channels: decoded.numberOfChannels, onsets };
}

// Checks of a file.

async function checkColors(page, file, colors) {
  const screenshot = await page.screenshot({ encoding: "base64", clip: { x: 0, y: 0, width: file.width, height: file.height } });
  const points = colors.map((_, i) => [Math.floor(((i + 0.5) * file.width) / colors.length), Math.floor(file.height / 2)]);
  const found = await page.evaluate(pixels, screenshot, points);
  const isRight = found.every((pixel, i) => pixel.every((value, c) => near(value, colors[i][c], file.tolerances[c])));
  expect(file, "colors", isRight, found, colors);
}

const rotated = (colors, by) => colors.map((_, i) => colors[(i + by) % colors.length]);

async function checkVideo(page, file) {
  const found = await page.evaluate(openVideo, file.name);
  const expected = { duration: file.duration, width: file.width, height: file.height };
  const isRight =
    near(found.duration, file.duration, file.padding + TIME) && found.width === file.width && found.height === file.height;
  expect(file, "video element", isRight, found, expected);
  // `half` is the last frame with its colors, and the next frame has new ones.
  const half = Math.floor(file.frames / 2 / file.held) * file.held;
  for (const frame of [0, 1, half, half + 1, file.frames - 1]) {
    await page.evaluate(seek, (frame + 0.5) / file.rate);
    await checkColors(page, file, rotated(file.colors, Math.ceil(frame / file.held)));
  }
  const end = await page.evaluate(playToTheEnd);
  expect(file, "end of playback", near(end, file.duration, file.padding + TIME), end, file.duration);
}

async function checkAudio(page, file) {
  const { rate, samples, onset, channels, padding, early } = file.audio;
  const found = await page.evaluate(decodeAudio, file.name, rate, 0.1);
  const isLong = found.length >= samples && found.length <= samples + padding;
  expect(file, "WebAudio's length", isLong, found.length, [samples, samples + padding]);
  expect(file, "WebAudio's channels", found.channels === channels, found.channels, channels);
  const isThere = found.onsets.every((at) => at >= onset - early && at <= onset + early);
  expect(file, "onsets of the audio", isThere, found.onsets, onset);
}

async function checkMp4box(file) {
  const bytes = readFileSync(join(directory, file.name));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  buffer.fileStart = 0;
  const mp4 = createFile();
  const info = await new Promise((resolve, reject) => {
    mp4.onReady = resolve;
    mp4.onError = (module, message) => reject(new Error(`${module}: ${message}`));
    mp4.appendBuffer(buffer);
    mp4.flush();
  });
  const video = info.tracks.find((track) => track.video);
  const found = [info.tracks.length, video?.nb_samples, video?.video.width, video?.video.height];
  const expected = [file.audio ? 2 : 1, file.frames, file.width, file.height];
  expect(file, "mp4box's tracks", found.join() === expected.join(), found, expected);
  const codecs = info.tracks.map((track) => track.codec.split(".")[0]).sort();
  expect(file, "mp4box's codecs", codecs.join() === file.codecs.join(), codecs, file.codecs);
}

async function checkCues(file) {
  const bytes = readFileSync(join(directory, file.name));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  buffer.fileStart = 0;
  const mp4 = createFile();
  const found = [];
  mp4.onReady = (info) => {
    const track = info.tracks.find((track) => track.codec === "wvtt");
    mp4.setExtractionOptions(track.id, null, { nbSamples: 1 });
    mp4.start();
  };
  mp4.onSamples = (id, user, samples) => {
    for (const sample of samples) {
      const cues = new VTTin4Parser().parseSample(sample.data).filter((box) => box.type === "vttc");
      // mp4box converts each byte to a character.
      const payload = (cue) => cue.boxes.find((box) => box.type === "payl").text;
      const payloads = cues.map((cue) => Buffer.from(payload(cue), "latin1").toString("utf8"));
      found.push([sample.cts, sample.duration, payloads]);
    }
  };
  mp4.appendBuffer(buffer);
  mp4.flush();
  expect(file, "mp4box's cues", JSON.stringify(found) === JSON.stringify(file.cues), found, file.cues);
}

async function checkMediabunny(file) {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(join(directory, file.name)) });
  const video = await input.getPrimaryVideoTrack();
  const audio = await input.getPrimaryAudioTrack();
  if (file.frames) {
    const stats = await video.computePacketStats();
    const duration = await video.computeDuration();
    const found = [stats.packetCount, video.codedWidth ?? (await video.getCodedWidth()), Number(stats.averagePacketRate.toFixed(3))];
    const expected = [file.frames, file.width, Number(file.rate.toFixed(3))];
    expect(file, "mediabunny's frames", found.join() === expected.join(), found, expected);
    expect(file, "mediabunny's length", near(duration, file.frames / file.rate, TIME), duration, file.frames / file.rate);
  }
  if (file.audio) {
    const { rate, samples, padding } = file.audio;
    const duration = await audio.computeDuration();
    const isLong = duration * rate >= samples - 1 && duration * rate <= samples + padding + 1;
    expect(file, "mediabunny's audio", isLong, duration * rate, samples);
  }
  input.dispose?.();
}

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const chromium = await puppeteer.launch({
  executablePath: browser,
  args: ["--no-sandbox", "--force-color-profile=srgb", "--autoplay-policy=no-user-gesture-required", "--hide-scrollbars"],
});
try {
  const page = await chromium.newPage();
  await page.setViewport({ width: 1280, height: 720 });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  for (const file of files) {
    const checks = [];
    if (file.image) {
      checks.push(async () => {
        const found = await page.evaluate(openImage, file.name);
        expect(file, "image element", found.width === file.width && found.height === file.height, found, [file.width, file.height]);
        await checkColors(page, file, file.colors);
      });
    }
    if (file.frames) checks.push(() => checkVideo(page, file));
    if (file.frames) checks.push(() => checkMp4box(file));
    if (file.cues) checks.push(() => checkCues(file));
    if (file.audio) checks.push(() => checkAudio(page, file));
    if (file.frames || file.parsed) checks.push(() => checkMediabunny(file));
    for (const check of checks) {
      await check().catch((error) => expect(file, "error", false, String(error.message ?? error), "none"));
    }
  }
} finally {
  await chromium.close();
  server.close();
}
console.log(`${files.length} files in Chromium, mp4box and mediabunny, ${failures} checks failed`);
process.exitCode = failures ? 1 : 0;

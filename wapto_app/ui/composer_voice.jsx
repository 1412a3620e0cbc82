import { useEffect, useRef, useState } from "react";
import Mic from "lucide-react/dist/esm/icons/mic.mjs";
import Pause from "lucide-react/dist/esm/icons/pause.mjs";
import Send from "lucide-react/dist/esm/icons/send.mjs";
import Square from "lucide-react/dist/esm/icons/square.mjs";
import Trash from "lucide-react/dist/esm/icons/trash-2.mjs";
import { tr } from "./i18n.jsx";
import { Tool } from "./composer_parts.jsx";
import { transfer } from "./uploads.jsx";

// What WhatsApp plays as a voice message comes first; WebM is put into OGG by the server.
const FORMS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const BITS = 24_000;
const BARS = 32;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function refusal(error) {
  if (error?.name === "NotAllowedError") return tr("The browser may not use the microphone. Allow it in the settings of this page, then try again.");
  if (error?.name === "NotFoundError") return tr("No microphone was found. Connect one and try again.");
  if (error?.name === "NotReadableError") return tr("Another program uses the microphone. Close it and try again.");
  return tr("This browser cannot record sound here. Open Wapto over https, or use another browser.");
}

async function microphone() {
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) throw new Error("unsupported");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
  const form = FORMS.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: form, audioBitsPerSecond: BITS });
  const context = new AudioContext();
  const meter = context.createAnalyser();
  meter.fftSize = 256;
  context.createMediaStreamSource(stream).connect(meter);
  return { stream, recorder, context, meter };
}

const loudness = (meter) => {
  const samples = new Uint8Array(meter.fftSize);
  meter.getByteTimeDomainData(samples);
  return Math.min(1, Math.sqrt(samples.reduce((sum, each) => sum + ((each - 128) / 128) ** 2, 0) / samples.length) * 4);
};

function stop(desk) {
  desk?.stream.getTracks().forEach((track) => track.stop());
  if (desk?.context.state !== "closed") desk?.context.close();
}

// Records, pauses, and hands the finished sound to `onDone`; everything that was opened is closed with the component.
function useRecorder(onDone, maxSeconds) {
  const desk = useRef(null);
  const chunks = useRef([]);
  const [phase, setPhase] = useState("asking");
  const [problem, setProblem] = useState("");
  const [seconds, setSeconds] = useState(0);
  const [levels, setLevels] = useState([]);

  const begin = async () => {
    setProblem("");
    setPhase("asking");
    try {
      const opened = await microphone();
      desk.current = opened;
      opened.recorder.ondataavailable = (event) => { if (event.data.size) chunks.current.push(event.data); };
      opened.recorder.onstop = () => { stop(opened); onDone(new Blob(chunks.current, { type: opened.recorder.mimeType.split(";")[0] })); };
      opened.recorder.start(1000);
      setPhase("recording");
    } catch (error) {
      setProblem(refusal(error));
      setPhase("refused");
    }
  };
  useEffect(() => {
    let gone = false;
    begin().then(() => { if (gone) stop(desk.current); });
    return () => {
      gone = true;
      if (desk.current) desk.current.recorder.onstop = null;
      stop(desk.current);
    };
  }, []);
  useEffect(() => {
    if (phase !== "recording") return undefined;
    const timer = setInterval(() => {
      setSeconds((now) => now + 0.1);
      setLevels((now) => [...now.slice(1 - BARS), loudness(desk.current.meter)]);
    }, 100);
    return () => clearInterval(timer);
  }, [phase]);
  const finish = () => { setPhase("done"); if (desk.current?.recorder.state !== "inactive") desk.current?.recorder.stop(); };
  useEffect(() => { if (phase === "recording" && seconds >= maxSeconds) finish(); }, [seconds]);
  const pause = () => { desk.current.recorder.pause(); setPhase("paused"); };
  const resume = () => { desk.current.recorder.resume(); setPhase("recording"); };
  return { phase, problem, seconds, levels, begin, finish, pause, resume };
}

function Levels({ levels }) {
  const shown = [...Array(Math.max(0, BARS - levels.length)).fill(0), ...levels];
  return (
    <span aria-hidden="true" data-testid="voice-level" className="flex h-8 min-w-0 flex-1 items-center gap-0.5 overflow-hidden">
      {shown.map((level, at) => <span key={at} className="w-1 flex-none rounded-full bg-accent" style={{ height: `${Math.max(8, level * 100)}%` }} />)}
    </span>
  );
}

// A voice message in the place of the text: recorded, listened to, then sent or thrown away.
export default function Voice({ pending, maxSeconds, onSend, onClose }) {
  const [sound, setSound] = useState(null);
  const [problem, setProblem] = useState("");
  const [percent, setPercent] = useState(-1);
  const uploading = useRef(null);
  const key = useRef("");
  const recorder = useRecorder((blob) => setSound({ blob, url: URL.createObjectURL(blob) }), maxSeconds);
  useEffect(() => () => { if (sound) URL.revokeObjectURL(sound.url); }, [sound]);
  useEffect(() => () => uploading.current?.abort(), []);

  const hand = () => {
    const recording = { id: key.current, key: key.current, name: tr("Voice message"), kind: "audio", size: sound.blob.size, preview: "", caption: "", voice: true };
    onSend({ files: [{ key: key.current, caption: "", voice: true }] }, [recording]);
  };
  const send = async () => {
    if (key.current) { hand(); return; }
    setProblem("");
    setPercent(0);
    const file = new File([sound.blob], "voice.ogg", { type: sound.blob.type });
    const { request, done } = transfer(file, { voice: true, onPercent: setPercent });
    uploading.current = request;
    const answer = await done;
    setPercent(-1);
    if (answer.key) { key.current = answer.key; hand(); }
    else setProblem(answer.error);
  };
  const { phase } = recorder;
  return (
    <div data-testid="voice" data-phase={sound ? "preview" : phase}>
      <div className="flex items-center gap-2">
        <Tool icon={Trash} label={tr("Discard the recording")} onClick={onClose} />
        {sound ? <audio controls src={sound.url} className="h-9 min-w-0 flex-1" /> : (
          <>
            <span role="timer" className="flex-none text-sm tabular-nums">{phase === "recording" && <span aria-hidden="true" className="me-2 inline-block size-2 rounded-full bg-danger" />}{clock(recorder.seconds)}</span>
            <Levels levels={recorder.levels} />
            {phase === "recording" && <Tool icon={Pause} label={tr("Pause")} onClick={recorder.pause} />}
            {phase === "paused" && <Tool icon={Mic} label={tr("Go on recording")} onClick={recorder.resume} />}
            {(phase === "recording" || phase === "paused") && <Tool icon={Square} label={tr("Stop and listen")} onClick={recorder.finish} />}
          </>
        )}
        {sound && (
          <button type="button" onClick={send} disabled={pending || percent >= 0} aria-label={tr("Send the voice message")} data-tip={tr("Send the voice message")}
            className="grid size-9 flex-none place-items-center rounded-md bg-accent text-on-accent hover:bg-accent-hover disabled:bg-hover disabled:text-faint"><Send size={20} aria-hidden="true" /></button>
        )}
      </div>
      {percent >= 0 && <p role="status" className="mt-1 text-xs text-muted">{tr("Uploading")} {percent} %</p>}
      {(problem || recorder.problem) && (
        <p role="alert" className="mt-1 text-xs text-danger-ink text-pretty">
          {problem || recorder.problem} {phase === "refused" && <button type="button" onClick={recorder.begin} className="font-medium underline underline-offset-2">{tr("Try again")}</button>}
        </p>
      )}
    </div>
  );
}

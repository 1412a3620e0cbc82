import { Link } from "react-router";
import { locale, tr, trn } from "./i18n.jsx";
import { MessageText } from "./message_text.jsx";

const SIGNS = {
  interactive: "M4 6h16M4 12h16M4 18h10",
  template: "M4 4h16v6H4zM4 14h7v6H4zM15 14h5v6h-5z",
  flow_reply: "M9 4h6v3H9zM7 5H5v16h14V5h-2M9 14l2 2 4-4",
  order: "M3 4h2l2.4 11h10.2L20 7H6M9 20h.01M17 20h.01",
};

function Head({ kind, text }) {
  return (
    <p className="flex items-center gap-1.5 text-xs text-muted">
      <svg width="13" height="13" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true"><path d={SIGNS[kind]} /></svg>
      {text}
    </p>
  );
}

// A button as the customer sees it; nothing happens here.
const Tap = ({ children }) => <li className="rounded-md bg-hover/70 px-3 py-1.5 text-center text-sm font-medium text-accent-ink"><bdi>{children}</bdi></li>;

function Sections({ sections }) {
  return sections.map((section, at) => (
    <section key={at} className="not-first:mt-2">
      {section.title && <h4 dir="auto" className="text-xs font-medium text-muted">{section.title}</h4>}
      <ul className="list-inside list-disc">{(section.rows ?? []).map((row, n) => (
        <li key={n} dir="auto">{row.title}{row.description && <span className="block ps-5 text-xs text-muted">{row.description}</span>}</li>
      ))}</ul>
    </section>
  ));
}

function Interactive({ body, content }) {
  const asked = content.interactive ?? {};
  const action = asked.action ?? {};
  const header = asked.header?.text;
  const taps = [...(action.buttons ?? []).map((one) => one.reply?.title ?? one.title), action.parameters?.display_text].filter(Boolean);
  return (
    <div className="flex min-w-48 flex-col gap-1.5">
      {header ? <p dir="auto" className="font-semibold">{header}</p> : <Head kind="interactive" text={action.sections ? tr("List") : tr("With buttons")} />}
      <MessageText text={asked.body?.text || body} />
      {asked.footer?.text && <p dir="auto" className="text-xs text-muted">{asked.footer.text}</p>}
      {action.sections && (
        <details className="rounded-md bg-hover/70 px-3 py-1.5">
          <summary className="cursor-pointer text-center font-medium text-accent-ink"><bdi>{action.button || tr("Choices")}</bdi></summary>
          <div className="pt-1.5"><Sections sections={action.sections} /></div>
        </details>
      )}
      {taps.length > 0 && <ul className="flex flex-col gap-1">{taps.map((title, at) => <Tap key={at}>{title}</Tap>)}</ul>}
    </div>
  );
}

function money(value, currency) {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return "";
  try {
    return new Intl.NumberFormat(locale(), { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency ?? ""}`;
  }
}

function Order({ body, content }) {
  const items = content.items ?? [];
  const total = items.reduce((sum, item) => sum + Number(item.item_price ?? 0) * (item.quantity ?? 1), 0);
  const currency = items.find((item) => item.currency)?.currency;
  return (
    <div className="flex min-w-48 flex-col gap-1.5">
      <Head kind="order" text={trn("Order of {n} article", "Order of {n} articles", items.length)} />
      <ul className="divide-y divide-line">{items.map((item, at) => (
        <li key={at} className="flex justify-between gap-4 py-1"><span dir="auto" className="min-w-0 break-words">{item.quantity} × {item.product_retailer_id}</span><span className="flex-none tabular-nums">{money(item.item_price, item.currency)}</span></li>
      ))}</ul>
      {total > 0 && <p className="flex justify-between gap-4 font-medium"><span>{tr("Total")}</span><span className="tabular-nums">{money(total, currency)}</span></p>}
      {(content.text || body) && <MessageText text={content.text || body} />}
    </div>
  );
}

const shown = (value) => (Array.isArray(value) ? value.join(", ") : typeof value === "object" && value ? JSON.stringify(value) : String(value ?? ""));

function FlowReply({ body, content }) {
  const answers = Object.entries(content.response ?? {}).filter(([name]) => name !== "flow_token");
  return (
    <div className="flex min-w-48 flex-col gap-1.5">
      <Head kind="flow_reply" text={tr("Answered a form")} />
      {answers.length ? (
        <dl className="flex flex-col gap-1">{answers.map(([name, value]) => <div key={name}><dt dir="auto" className="text-xs text-muted">{name.replaceAll("_", " ")}</dt><dd dir="auto" className="break-words">{shown(value)}</dd></div>)}</dl>
      ) : <MessageText text={content.body || body} />}
    </div>
  );
}

const titlesOf = (buttons) => (buttons ?? []).map((one) => (typeof one === "string" ? one : one.text)).filter(Boolean);
const Taps = ({ titles }) => titles.length > 0 && <ul className="flex flex-col gap-1">{titles.map((title, at) => <Tap key={at}>{title}</Tap>)}</ul>;

function Cards({ cards }) {
  return (
    <ul tabIndex={0} aria-label={tr("Cards")} className="scroll-thin flex max-w-full gap-2 overflow-x-auto pb-1">{cards.map((card, at) => (
      <li key={at} className="flex w-44 flex-none flex-col gap-1.5 rounded-md border border-line p-2">
        {card.file && card.header === "image" && <img src={`/media/${card.file}`} alt="" loading="lazy" className="aspect-[1.91/1] w-full rounded object-cover" />}
        {card.file && card.header === "video" && <video src={`/media/${card.file}#t=0.1`} preload="metadata" controls className="aspect-[1.91/1] w-full rounded bg-black" />}
        <div className="flex-1">{card.body && <MessageText text={card.body} />}</div>
        <Taps titles={titlesOf(card.buttons)} />
      </li>
    ))}</ul>
  );
}

// A campaign sent it; its page is open to some only.
function OfCampaign({ id, name }) {
  const words = <bdi className="min-w-0 truncate">{tr("Campaign: {name}", { name })}</bdi>;
  const look = "mt-1 flex max-w-full items-center gap-1.5 border-t border-line/60 pt-1.5 text-xs text-muted";
  const sign = <svg width="13" height="13" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className="flex-none"><path d="m3 11 18-5v12L3 14v-3zM11.6 16.8a3 3 0 1 1-5.8-1.6" /></svg>;
  if (!id) return <p className={look} data-testid="of-campaign">{sign}{words}</p>;
  return <Link to={`/campaigns/${id}`} className={`${look} underline-offset-2 hover:text-ink hover:underline`} data-testid="of-campaign">{sign}{words}</Link>;
}

// `shown` is what we sent, filled in; a template that was sent elsewhere has none.
function Template({ body, content }) {
  const sent = content.shown ?? {};
  const name = content.name ?? content.template?.name;
  return (
    <div className="flex flex-col gap-1.5">
      <Head kind="template" text={name ? tr("Template {name}", { name }) : tr("Template")} />
      {sent.header === "text" && sent.header_text && <p dir="auto" className="font-semibold">{sent.header_text}</p>}
      {sent.offer && <p dir="auto" className="rounded-md bg-hover/70 px-3 py-1.5 text-sm font-medium">{sent.offer.text}</p>}
      <MessageText text={body} />
      {sent.footer && <p dir="auto" className="text-xs text-muted">{sent.footer}</p>}
      <Taps titles={titlesOf(sent.buttons ?? content.buttons)} />
      {sent.cards?.length > 0 && <Cards cards={sent.cards} />}
      {content.campaign && <OfCampaign {...content.campaign} />}
    </div>
  );
}

const KINDS = { interactive: Interactive, order: Order, flow_reply: FlowReply, template: Template };

export default function Rich({ kind, body, content }) {
  const Kind = KINDS[kind] ?? Template;
  return <Kind body={body} content={content ?? {}} />;
}

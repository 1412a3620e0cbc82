import { locale } from "./i18n.jsx";

// Meta writes pt_BR, browsers pt-BR. Where a browser does not know a language its code is better than nothing.
export function languageName(code) {
  if (!code) return "";
  try {
    const name = new Intl.DisplayNames([locale()], { type: "language", languageDisplay: "standard" }).of(String(code).replaceAll("_", "-"));
    return name ? name[0].toLocaleUpperCase(locale()) + name.slice(1) : code;
  } catch {
    return code;
  }
}

export const byName = (codes) => codes.map((code) => [code, languageName(code)]).sort((a, b) => a[1].localeCompare(b[1], locale()));

export const LanguageName = ({ code, className }) => <span className={className}>{languageName(code)}</span>;

export function LanguageSelect({ codes, initial, describedBy, className, ...rest }) {
  return (
    <select {...rest} defaultValue={initial} aria-describedby={describedBy} className={className}>
      {byName(codes).map(([code, name]) => <option key={code} value={code}>{name} ({code})</option>)}
    </select>
  );
}

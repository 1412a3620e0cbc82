import { locale } from "./i18n.jsx";

// "Portuguese (Brazil)" for "pt_BR" or "pt-BR", in the language of the reader; what is no code stands as it is.
export function languageName(code) {
  try {
    return new Intl.DisplayNames([locale()], { type: "language", languageDisplay: "standard" }).of(code.replaceAll("_", "-"));
  } catch {
    return code;
  }
}

export const LanguageName = ({ code }) => languageName(code);

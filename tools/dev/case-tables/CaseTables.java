import java.io.PrintStream;
import java.util.Locale;

/** Prints what Java makes of every code point, as lines "code point, TAB, text": its casing by character and by text. */
public class CaseTables {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    Locale[] locales = {Locale.ROOT, Locale.forLanguageTag("tr"), Locale.forLanguageTag("lt")};
    for (int code = 0; code <= Character.MAX_CODE_POINT; code++) {
      if (code >= 0xD800 && code <= 0xDFFF) continue;
      String text = new String(Character.toChars(code));
      print(out, code, new String(Character.toChars(Character.toUpperCase(code))));
      print(out, code, new String(Character.toChars(Character.toLowerCase(code))));
      print(out, code, new String(Character.toChars(Character.toTitleCase(code))));
      for (Locale locale : locales) {
        print(out, code, text.toUpperCase(locale));
        print(out, code, text.toLowerCase(locale));
      }
    }
  }

  static void print(PrintStream out, int code, String text) {
    if (text.codePointCount(0, text.length()) == 1 && text.codePointAt(0) == code) return;
    out.print(code + "\t" + text + "\n");
  }
}

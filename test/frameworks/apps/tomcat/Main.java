import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.realm.GenericPrincipal;
import org.apache.catalina.realm.RealmBase;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.LoginConfig;
import org.apache.tomcat.util.descriptor.web.SecurityCollection;
import org.apache.tomcat.util.descriptor.web.SecurityConstraint;

/** A servlet application with the container's form login and one of its own, that notes each look at a password. */
public class Main {
  static final String PASSWORD = System.getenv("PASSWORD");
  static final List<String> USERS = List.of("admin", "ádmin", "mallory");

  static boolean isRight(String name, String password) {
    String account = USERS.stream().filter(user -> user.equalsIgnoreCase(name)).findFirst().orElse(name);
    String line = "{\"account\":\"" + (account == null ? "" : account.replaceAll("[\"\\\\\\p{Cntrl}]", "?")) + "\"}\n";
    try {
      synchronized (USERS) {
        Files.writeString(Path.of(System.getenv("CALLS")), line, StandardOpenOption.APPEND);
      }
      if (password != null && password.startsWith("slow")) Thread.sleep(900);
    } catch (IOException | InterruptedException error) {
      throw new IllegalStateException(error);
    }
    return USERS.contains(account) && PASSWORD.equals(password);
  }

  /** What the container's own login asks. */
  static class Accounts extends RealmBase {
    @Override
    public Principal authenticate(String name, String password) {
      return isRight(name, password) ? new GenericPrincipal(name, List.of("user")) : null;
    }

    @Override
    protected String getPassword(String name) {
      return null;
    }

    @Override
    protected Principal getPrincipal(String name) {
      return null;
    }
  }

  static class Page extends HttpServlet {
    private final String text;

    Page(String text) {
      this.text = text;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
      response.setContentType("text/html;charset=utf-8");
      response.getWriter().print(text);
    }
  }

  static class Login extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
      response.getWriter().print("<form method=post><input name=email><input name=password></form>");
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      request.setCharacterEncoding("UTF-8");
      if (request.getSession().getAttribute("user") != null) {
        response.sendRedirect("/account");
        return;
      }
      String password = request.getParameter("password");
      if (isRight(request.getParameter("email"), password)) {
        request.changeSessionId();
        request.getSession().setAttribute("user", request.getParameter("email"));
        response.sendRedirect("/account");
        return;
      }
      if (password != null && password.startsWith("huge")) response.setHeader("X-Trace", "x".repeat(200_000));
      String referer = request.getHeader("Referer");
      response.sendRedirect(referer == null ? "/login" : referer);
    }
  }

  public static void main(String[] args) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(System.getenv("DATA"));
    Connector connector = new Connector();
    connector.setPort(Integer.parseInt(System.getenv("PORT")));
    connector.setProperty("address", "127.0.0.1");
    connector.setProperty("maxHttpResponseHeaderSize", "400000");
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", null);
    context.setRealm(new Accounts());
    Map<String, HttpServlet> pages =
        Map.of(
            "/login", new Login(),
            "/account", new Page("Account"),
            "/admin/*", new Page("GUARDED PAGE"),
            "/form.html", new Page("<form method=post action=j_security_check></form>"),
            "/private/*", new Page("Private"),
            "/", new Page("Home"));
    pages.forEach(
        (path, servlet) -> {
          Tomcat.addServlet(context, path, servlet);
          context.addServletMappingDecoded(path, path);
        });
    LoginConfig login = new LoginConfig("FORM", null, "/form.html", "/form.html?error");
    context.setLoginConfig(login);
    context.addSecurityRole("user");
    SecurityConstraint constraint = new SecurityConstraint();
    constraint.addAuthRole("user");
    SecurityCollection collection = new SecurityCollection();
    collection.addPatternDecoded("/private/*");
    constraint.addCollection(collection);
    context.addConstraint(constraint);
    org.apache.catalina.authenticator.FormAuthenticator form =
        new org.apache.catalina.authenticator.FormAuthenticator();
    form.setCharacterEncoding("UTF-8");
    form.setLandingPage("/private/home");
    context.getPipeline().addValve(form);
    tomcat.start();
    tomcat.getServer().await();
  }
}

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;

/** Runs a file of SQL in a database. Arguments: the URL, user, password and the file. */
public class LabSql {
  public static void main(String[] args) throws Exception {
    String sql = Files.readString(Path.of(args[3])).replaceAll("(?m)^--.*$", "");
    try (Connection connection = DriverManager.getConnection(args[0], args[1], args[2]);
        Statement statement = connection.createStatement()) {
      for (String each : sql.split(";")) {
        if (!each.isBlank()) {
          statement.execute(each);
        }
      }
    }
  }
}

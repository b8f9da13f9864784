import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.HiveMetaStoreClient;
import org.apache.hadoop.hive.metastore.conf.MetastoreConf;
import org.apache.hadoop.hive.metastore.security.HadoopThriftAuthBridge;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.kerby.kerberos.kerb.server.SimpleKdcServer;

/**
 * Hive Metastore 4 that lets in whoever has a ticket of a KDC of its own (Kerby), or a delegation token. Both are on
 * 127.0.0.1. Its settings are those of metastore-site.xml on the class path.
 *
 * <p>Arguments: a directory, the metastore's port, the KDC's. A file `token` in the directory, which appears once both
 * serve, is a delegation token of the user `lab`.
 */
public class LabKerberizedHive {
  private static final String SERVICE = "hive/localhost@LAB";

  public static void main(String[] args) {
    try {
      File directory = new File(args[0]);
      int port = Integer.parseInt(args[1]);
      startKdc(directory, Integer.parseInt(args[2]));
      Configuration conf = MetastoreConf.newMetastoreConf();
      conf.set("hadoop.security.authentication", "kerberos");
      conf.set("metastore.sasl.enabled", "true");
      conf.set("metastore.kerberos.principal", SERVICE);
      conf.set("metastore.kerberos.keytab.file", directory + "/lab.keytab");
      UserGroupInformation.setConfiguration(conf);
      Thread server = new Thread(() -> serve(port, conf));
      server.start();
      String token = fetchToken(directory, port, conf);
      Path written = Files.writeString(directory.toPath().resolve("token.tmp"), token);
      Files.move(written, directory.toPath().resolve("token"));
      server.join();
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  private static void startKdc(File directory, int port) throws Exception {
    SimpleKdcServer kdc = new SimpleKdcServer();
    kdc.setWorkDir(directory);
    kdc.setKdcRealm("LAB");
    kdc.setKdcHost("127.0.0.1");
    kdc.setAllowUdp(false);
    kdc.setKdcTcpPort(port);
    kdc.init();
    kdc.start();
    kdc.createAndExportPrincipals(new File(directory, "lab.keytab"), SERVICE, "lab@LAB");
    System.setProperty("java.security.krb5.conf", new File(directory, "krb5.conf").getPath());
  }

  private static void serve(int port, Configuration conf) {
    try {
      HiveMetaStore.startMetaStore(port, HadoopThriftAuthBridge.getBridge(), conf);
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  /** As whoever has a ticket does. */
  private static String fetchToken(File directory, int port, Configuration conf) throws Exception {
    Configuration asking = new Configuration(conf);
    asking.set("metastore.thrift.uris", "thrift://localhost:" + port);
    asking.set("metastore.connect.retries", "120");
    asking.set("metastore.client.connect.retry.delay", "1s");
    UserGroupInformation lab =
        UserGroupInformation.loginUserFromKeytabAndReturnUGI("lab@LAB", directory + "/lab.keytab");
    return lab.doAs(
        (PrivilegedExceptionAction<String>)
            () -> {
              HiveMetaStoreClient client = new HiveMetaStoreClient(asking);
              try {
                return client.getDelegationToken("lab", "hive");
              } finally {
                client.close();
              }
            });
  }
}

import java.net.InetSocketAddress;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.IHMSHandler;
import org.apache.hadoop.hive.metastore.RetryingHMSHandler;
import org.apache.hadoop.hive.metastore.TSetIpAddressProcessor;
import org.apache.hadoop.hive.metastore.conf.MetastoreConf;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TTransportFactory;

/**
 * Hive Metastore 3 on 127.0.0.1: the stock main class takes no address and listens on every interface.
 *
 * <p>Arguments: the port, then settings as KEY=VALUE. Whatever fails ends the process, since the threads of a metastore
 * that did not start would keep it alive.
 */
public class LabHiveMetastore {
  public static void main(String[] args) {
    try {
      serve(args);
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  private static void serve(String[] args) throws Exception {
    Configuration conf = MetastoreConf.newMetastoreConf();
    for (int at = 1; at < args.length; at++) {
      int equals = args[at].indexOf('=');
      conf.set(args[at].substring(0, equals), args[at].substring(equals + 1));
    }
    HiveMetaStore.HMSHandler handler = new HiveMetaStore.HMSHandler("lab", conf, false);
    IHMSHandler retrying = RetryingHMSHandler.getProxy(conf, handler, true);
    TServerSocket socket = new TServerSocket(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    new TThreadPoolServer(
            new TThreadPoolServer.Args(socket)
                .processor(new TSetIpAddressProcessor<>(retrying))
                .transportFactory(new TTransportFactory())
                .protocolFactory(new TBinaryProtocol.Factory())
                .minWorkerThreads(4)
                .maxWorkerThreads(64))
        .serve();
  }
}

package org.apache.iceberg.rest;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.apache.iceberg.catalog.Catalog;
import org.eclipse.jetty.compression.gzip.GzipCompression;
import org.eclipse.jetty.compression.server.CompressionHandler;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;

/**
 * Iceberg's reference REST catalog on 127.0.0.1: the stock main class takes no address and listens on every interface. It
 * is of the same package since the parts it puts together are visible there alone.
 *
 * <p>Arguments: the port, then properties of the catalog behind it as KEY=VALUE.
 */
public class LabRestServer {
  public static void main(String[] args) {
    try {
      Map<String, String> properties = new HashMap<>();
      for (int at = 1; at < args.length; at++) {
        int equals = args[at].indexOf('=');
        properties.put(args[at].substring(0, equals), args[at].substring(equals + 1));
      }
      serve(Integer.parseInt(args[0]), properties);
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }

  private static void serve(int port, Map<String, String> properties) throws Exception {
    Catalog catalog = CatalogUtil.buildIcebergCatalog("lab", properties, new Configuration());
    RESTCatalogAdapter adapter =
        new RESTServerCatalogAdapter(new RESTCatalogServer.CatalogContext(catalog, properties));
    ServletContextHandler handler = new ServletContextHandler();
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(adapter)), "/*");
    CompressionHandler compression = new CompressionHandler();
    compression.putCompression(new GzipCompression());
    handler.insertHandler(compression);
    Server server = new Server(new InetSocketAddress("127.0.0.1", port));
    server.setHandler(handler);
    server.start();
    server.join();
  }
}

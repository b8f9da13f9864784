import java.io.File;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * A name node and a data node on 127.0.0.1, with permissions and WebHDFS. Arguments: a directory, the ports of the name
 * node's RPC and HTTP. What the directory holds from an earlier run is served again. A file `up` says that it serves.
 *
 * <p>Users are who they say they are. `/lab` belongs to `lab`, `/closed` to the superuser.
 */
public class LabHdfs {
  public static void main(String[] args) {
    try {
      File directory = new File(args[0]);
      boolean isNew = !new File(directory, "name-0-1").exists();
      Configuration conf = new Configuration();
      conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, args[0]);
      conf.set("dfs.namenode.http-bind-host", "127.0.0.1");
      conf.set("dfs.namenode.rpc-bind-host", "127.0.0.1");
      // Small pages of listings, so that a few files make several.
      conf.set("dfs.ls.limit", "10");
      // Once all blocks are known nothing else is waited for.
      conf.set("dfs.namenode.safemode.extension", "0");
      MiniDFSCluster cluster =
          new MiniDFSCluster.Builder(conf)
              .numDataNodes(1)
              .nameNodePort(Integer.parseInt(args[1]))
              .nameNodeHttpPort(Integer.parseInt(args[2]))
              .format(isNew)
              .build();
      cluster.waitActive();
      if (isNew) {
        cluster.getFileSystem().mkdirs(new Path("/lab"));
        cluster.getFileSystem().setOwner(new Path("/lab"), "lab", "lab");
        cluster.getFileSystem().mkdirs(new Path("/closed"), new FsPermission((short) 0700));
      }
      Files.createFile(new File(directory, "up").toPath());
      Thread.currentThread().join();
    } catch (Throwable error) {
      error.printStackTrace();
      System.exit(1);
    }
  }
}

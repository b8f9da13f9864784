import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.LeaderLatchListener;
import org.apache.curator.retry.RetryForever;

/**
 * Takes part in an election as LeaderLatch of Curator does, and tells on standard output when its turn begins and ends.
 *
 * <p>Arguments: the address of ZooKeeper, the path of the latch, the participant's id.
 */
public class LabLatch {
  public static void main(String[] args) throws Exception {
    CuratorFramework client = CuratorFrameworkFactory.newClient(args[0], 4000, 10000, new RetryForever(200));
    client.start();
    LeaderLatch latch = new LeaderLatch(client, args[1], args[2]);
    latch.addListener(
        new LeaderLatchListener() {
          @Override
          public void isLeader() {
            System.out.println("turn");
          }

          @Override
          public void notLeader() {
            System.out.println("over");
          }
        });
    latch.start();
    while (latch.getParticipants().stream().noneMatch((one) -> one.getId().equals(args[2]))) Thread.sleep(50);
    System.out.println("waiting");
    new CountDownLatch(1).await();
  }
}

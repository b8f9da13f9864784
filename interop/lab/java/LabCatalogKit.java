package org.apache.iceberg.rest;

import org.apache.iceberg.catalog.Namespace;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Tests of the REST compatibility kit that the kit has and never runs: it turns them off in code, since the server that it
 * starts itself cannot hold such names, or is not started anew for a test. The bodies are the kit's own.
 *
 * <p>It is of the kit's package since the client that the kit starts with is visible there alone.
 */
public class LabCatalogKit extends RESTCompatibilityKitCatalogTests {
  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return true;
  }

  @Override
  @Test
  public void createTableInUniqueLocation() {
    super.createTableInUniqueLocation();
  }

  /** One of the tests leaves it, and the kit, which removes what tests leave, does not know of it. */
  @AfterEach
  void dropParent() {
    catalog().dropNamespace(Namespace.of("parent"));
  }
}

/** Of the container that runs the optimizer, in its pod. */
export const OPTIMIZER = 'optimizer'

/** Labels of all that a container makes. The first three are Amoro's. */
export const LABELS = {
  app: 'app',
  group: 'AmoroOptimizerGroup',
  resourceId: 'AmoroResourceId',
  managedBy: 'app.kubernetes.io/managed-by',
  /** The service that launched it: several may share a namespace. */
  service: 'app.kubernetes.io/instance',
  /** Of this service, by name. */
  container: 'MoraineContainer',
} as const

export const OPTIMIZER_LABELS: readonly string[] = Object.values(LABELS)

export const RESOURCE_ID_VARIABLE = 'MORAINE_RESOURCE_ID'
export const GROUP_SECRET_VARIABLE = 'MORAINE_GROUP_SECRET'
export const OPTIMIZER_VARIABLES = [RESOURCE_ID_VARIABLE, GROUP_SECRET_VARIABLE] as const

/** Other names that operators' rules and dashboards know, each with the metric that it means. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['conductor_processing_duration_seconds', 'conductor_files_processing_duration_seconds'],
  ['conductor_loop_files_processed_total', 'conductor_files_processed_total'],
  ['conductor_loop_processing_duration_seconds', 'conductor_files_processing_duration_seconds'],
  ['conductor_loop_queue_depth', 'conductor_queue_size'],
  ['conductor_loop_errors_total', 'conductor_errors_total'],
  ['conductor_loop_security_events_total', 'conductor_security_events_total'],
  ['process_memory_bytes', 'process_resident_memory_bytes'],
]);

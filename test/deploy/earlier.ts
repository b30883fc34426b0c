/**
 * The selectors on our own series in the documents of the Go program. They find their series here
 * from the start. Where a document names a histogram, its series are those that a histogram has.
 */
const documents = {
  'operations guide': [
    'conductor_files_processed_total',
    'conductor_files_processed_total{status="success"}',
    'conductor_files_processed_total{status="failed"}',
    'conductor_files_processing_duration_seconds_bucket',
    'conductor_active_workers',
    'conductor_queue_size',
    'conductor_state_entries_total',
    'conductor_porch_execution_duration_seconds_bucket',
    'conductor_porch_execution_duration_seconds_sum',
    'conductor_porch_execution_duration_seconds_count',
    'conductor_porch_timeout_total',
    'conductor_file_manager_operations_total{operation="move_processed"}',
    'conductor_file_manager_operations_total{operation="move_failed"}',
    'conductor_security_events_total',
    'conductor_security_events_total{severity="high"}',
    'conductor_command_injection_attempts_total',
    'conductor_path_traversal_attempts_total',
    'conductor_validation_failures_total',
    'process_cpu_seconds_total',
    'process_memory_bytes',
    'process_open_fds',
    'up{job="conductor-loop"}',
  ],
  'deployment guide': [
    'conductor_loop_files_processed_total',
    'conductor_loop_processing_duration_seconds_bucket',
    'conductor_loop_processing_duration_seconds_sum',
    'conductor_loop_processing_duration_seconds_count',
    'conductor_loop_queue_depth',
    'conductor_loop_errors_total',
    'conductor_loop_security_events_total',
  ],
  README: [
    'conductor_files_processed_total',
    'conductor_files_failed_total',
    'conductor_processing_duration_seconds_bucket',
    'conductor_processing_duration_seconds_sum',
    'conductor_processing_duration_seconds_count',
    'conductor_active_workers',
    'conductor_queue_size',
  ],
} as const;

export const earlierSelectors = Object.entries(documents).flatMap(([document, selectors]) =>
  selectors.map((selector) => ({ document, selector })),
);

using Xunit;

// The simulated processor is one seam per process: tests that plug one in must not run side by side.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

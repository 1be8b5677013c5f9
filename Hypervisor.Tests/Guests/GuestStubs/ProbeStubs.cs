using Hypervisor.Tool.Stubs;

namespace Hypervisor.Guests.Stubs;

/// <summary>The machine code of the probe.</summary>
internal static class ProbeStubs
{
    internal static void Write(StubWriter writer)
    {
        ProcessorStubs.Write(writer);
        RunStubs.Write(writer);
        EntryStubs.Write(writer);
        SnippetStubs.Write(writer);
        TripStubs.Write(writer);
        TaskStubs.Write(writer);
    }
}

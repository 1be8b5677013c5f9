namespace Hypervisor.Tool.Stubs;

/// <summary>All machine code of the image that C# cannot express, as one COFF object.</summary>
public static class ImageStubs
{
    /// <summary>Writes the object.</summary>
    public static byte[] Write()
    {
        StubWriter writer = new();
        InstructionStubs.Write(writer);
        FaultStubs.Write(writer);
        HostStubs.Write(writer);
        ContainmentStubs.Write(writer);
        XtsStubs.Write(writer);
        SvmStubs.Write(writer);
        VmxStubs.Write(writer);
        TrampolineStubs.Write(writer);
        return writer.ToArray();
    }
}

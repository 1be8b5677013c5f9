namespace Hypervisor.Tests.Models.Ahci;

/// <summary>The PCI function of a controller: ABAR, an index and data pair in an I/O base address register, and one in configuration space.</summary>
internal static class AhciFunction
{
    internal const ulong RegisterBase = 0xFEBF_0000;
    internal const ushort PortBase = 0xC040;

    /// <summary>Where the pair is among the ports.</summary>
    internal const int PairOffset = 0x10;

    /// <summary>Where the pair is in configuration space, if it is there.</summary>
    internal const int ConfigurationPair = 0xB0;

    private const int Capability = 0xA8;
    private const int PortCount = 0x20;

    /// <summary>A function like the one of an ICH9.</summary>
    /// <param name="controller">What is behind it.</param>
    /// <param name="inConfiguration">The capability names the pair behind it, instead of the one among the ports (SATA 3.0 §4.2, AHCI 1.3.1 §2.4).</param>
    internal static PciFunctionModel Create(AhciController controller, bool inConfiguration = false)
    {
        const uint pairFollows = 0xF;
        const uint pairInBar4 = 0x8 | ((PairOffset / 4) << 4);
        PciFunctionModel function = new PciFunctionModel(0x8086, 0x2922, 0x01_0601).IoBar(4, PortCount, PortBase).MemoryBar(5, AhciController.RegisterSize, (uint)RegisterBase).Command(7)
            .With(0x34, Capability, 1).With(0x06, 0x2110, 2)
            .With(Capability, 0x0010_0012, 4).With(Capability + 4, inConfiguration ? pairFollows : pairInBar4, 4);
        function.Regions.Add(4, new AhciIndexData(controller, PortCount, PairOffset));
        function.Regions.Add(5, new AhciRegisters(controller));
        function.Registers = inConfiguration ? (ConfigurationPair, 8, new AhciIndexData(controller, 8, 0)) : null;
        function.WasReset = controller.PowerOn;
        return function;
    }
}

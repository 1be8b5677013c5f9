namespace Hypervisor.Core.Guest.Startup;

/// <summary>The names a processor answers to on the interrupt bus.</summary>
/// <remarks>Intel SDM vol 3 §10.6.2 and §10.12.10; AMD APM vol 2 §16.6 and §16.13.</remarks>
public readonly struct LocalApicIdentity
{
    private const int LogicalIdShift = 24;
    private const int ModelShift = 28;
    private const uint FlatModel = 0xF;
    private const uint ClusterModel = 0x0;
    private const int ClusterSize = 16;

    private readonly byte _model;

    private LocalApicIdentity(uint apicId, bool isX2Apic, byte logicalId, byte model)
    {
        ApicId = apicId;
        IsX2Apic = isX2Apic;
        LogicalId = logicalId;
        _model = model;
    }

    /// <summary>A processor in xAPIC mode.</summary>
    /// <param name="apicId">Its APIC ID, 0 to 255 (register 0x20, bits 31:24).</param>
    /// <param name="logicalDestination">LDR, register 0xD0.</param>
    /// <param name="destinationFormat">DFR, register 0xE0.</param>
    /// <returns>Its identity.</returns>
    public static LocalApicIdentity XApic(byte apicId, uint logicalDestination, uint destinationFormat) =>
        new(apicId, isX2Apic: false, (byte)(logicalDestination >> LogicalIdShift), (byte)(destinationFormat >> ModelShift));

    /// <summary>A processor in x2APIC mode.</summary>
    /// <param name="apicId">Its 32-bit APIC ID (MSR 0x802).</param>
    /// <returns>Its identity.</returns>
    public static LocalApicIdentity X2Apic(uint apicId) => new(apicId, isX2Apic: true, 0, 0);

    /// <summary>The physical destination: 8 bits in xAPIC mode, 32 in x2APIC mode.</summary>
    public uint ApicId { get; }

    /// <summary>In x2APIC mode.</summary>
    public bool IsX2Apic { get; }

    /// <summary>The logical ID of xAPIC mode, LDR bits 31:24; 0 in x2APIC mode.</summary>
    public byte LogicalId { get; }

    /// <summary>xAPIC flat model: each bit of the logical ID is a processor. The state after INIT.</summary>
    public bool IsFlat => !IsX2Apic && _model == FlatModel;

    /// <summary>xAPIC cluster model: high nibble cluster, low nibble one bit per processor.</summary>
    public bool IsCluster => !IsX2Apic && _model == ClusterModel;

    /// <summary>The logical ID of x2APIC mode, fixed by the APIC ID: cluster in bits 31:16, one bit of 15:0 (SDM vol 3
    /// §10.12.10.2).</summary>
    public uint X2ApicLogicalId => ((ApicId / ClusterSize) << ClusterSize) | (1u << (int)(ApicId % ClusterSize));
}

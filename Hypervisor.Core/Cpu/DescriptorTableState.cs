namespace Hypervisor.Core.Cpu;

/// <summary>GDTR or IDTR.</summary>
/// <remarks>Intel SDM vol 3 §2.4.1 and §2.4.3; AMD APM vol 2 §4.6.2 and §4.6.5.</remarks>
/// <param name="baseAddress">Linear address of the table.</param>
/// <param name="limit">Last valid offset in bytes.</param>
public readonly struct DescriptorTableState(ulong baseAddress, ushort limit)
{
    /// <summary>Linear address of the table.</summary>
    public ulong Base => baseAddress;

    /// <summary>Last valid offset in bytes.</summary>
    public ushort Limit => limit;
}

namespace Hypervisor.Core.Mediation;

/// <summary>What has happened to a PCI function.</summary>
public enum PciNotice : byte
{
    /// <summary>It is there: since the start, or plugged in since.</summary>
    Found,

    /// <summary>It is gone: its identification reads all ones, or another one is in its place. Claims of its base addresses have been dropped.</summary>
    Removed,

    /// <summary>It answers on another bus; or nowhere, until the bridge above it has a bus number again.</summary>
    Renumbered,

    /// <summary>A base address register has another address; claims have followed.</summary>
    BarMoved,

    /// <summary>I/O space, memory space or bus master was switched (PCI 3.0 §6.2.2).</summary>
    CommandChanged,

    /// <summary>Its power state was changed (PCI Power Management 1.2 §3.2.4).</summary>
    PowerChanged,

    /// <summary>It was reset, by its bridge or by itself: what its registers held is lost (PCIe 4.0 §6.6).</summary>
    Reset,
}

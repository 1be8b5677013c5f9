using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>PxIS and PxIE (AHCI 1.3.1 §3.3.5, §3.3.6).</summary>
[Flags]
internal enum PortInterrupts : uint
{
    None = 0,
    DeviceToHost = 1 << 0,
    PioSetup = 1 << 1,
    DmaSetup = 1 << 2,
    SetDeviceBits = 1 << 3,
    UnknownFis = 1 << 4,
    DescriptorProcessed = 1 << 5,
    ConnectChange = 1 << 6,
    PhyReadyChange = 1 << 22,
    IncorrectMultiplier = 1 << 23,
    Overflow = 1 << 24,
    InterfaceNonFatal = 1 << 26,
    InterfaceFatal = 1 << 27,
    HostBusData = 1 << 28,
    HostBusFatal = 1 << 29,
    TaskFileError = 1 << 30,

    /// <summary>Those that PxIS keeps by itself and writing ones clears; the others follow PxSERR.</summary>
    Clearable = DeviceToHost | PioSetup | DmaSetup | SetDeviceBits | DescriptorProcessed | IncorrectMultiplier | Overflow | InterfaceNonFatal | InterfaceFatal
        | HostBusData | HostBusFatal | TaskFileError,

    /// <summary>What PxIE has.</summary>
    All = Clearable | UnknownFis | ConnectChange | PhyReadyChange,
}

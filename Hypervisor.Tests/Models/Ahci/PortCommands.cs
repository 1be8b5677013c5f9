using System;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>PxCMD (AHCI 1.3.1 §3.3.7).</summary>
[Flags]
internal enum PortCommands : uint
{
    None = 0,
    Start = 1 << 0,
    SpinUp = 1 << 1,
    PowerOn = 1 << 2,
    CommandListOverride = 1 << 3,
    FisReceive = 1 << 4,
    SlotMask = 0x1F << 8,
    FisReceiveRunning = 1 << 14,
    ListRunning = 1 << 15,
    MultiplierAttached = 1 << 17,
    IsAtapi = 1 << 24,
    DriveLed = 1 << 25,
    AggressivePower = 1 << 26,
    AggressiveSlumber = 1 << 27,
    CommunicationControl = 0xFu << 28,

    /// <summary>What software writes and reads back. Spin up, power: not supported, and read as ones.</summary>
    Writable = Start | FisReceive | IsAtapi | DriveLed | AggressivePower | AggressiveSlumber,
}

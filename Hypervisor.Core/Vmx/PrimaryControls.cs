using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Primary processor-based VM-execution controls.</summary>
/// <remarks>Intel SDM vol 3 §24.6.2, table 24-6.</remarks>
[Flags]
public enum PrimaryControls : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The guest exits as soon as it could take an interrupt.</summary>
    InterruptWindowExiting = 1u << 2,

    /// <summary>RDTSC is offset.</summary>
    UseTscOffsetting = 1u << 3,

    /// <summary>HLT exits.</summary>
    HltExiting = 1u << 7,

    /// <summary>INVLPG exits.</summary>
    InvlpgExiting = 1u << 9,

    /// <summary>MWAIT exits.</summary>
    MwaitExiting = 1u << 10,

    /// <summary>RDPMC exits.</summary>
    RdpmcExiting = 1u << 11,

    /// <summary>RDTSC and RDTSCP exit.</summary>
    RdtscExiting = 1u << 12,

    /// <summary>MOV to CR3 exits, but for target values.</summary>
    Cr3LoadExiting = 1u << 15,

    /// <summary>MOV from CR3 exits.</summary>
    Cr3StoreExiting = 1u << 16,

    /// <summary>The tertiary controls count.</summary>
    TertiaryControls = 1u << 17,

    /// <summary>MOV to CR8 exits.</summary>
    Cr8LoadExiting = 1u << 19,

    /// <summary>MOV from CR8 exits.</summary>
    Cr8StoreExiting = 1u << 20,

    /// <summary>CR8 and the task priority are virtual.</summary>
    UseTprShadow = 1u << 21,

    /// <summary>The guest exits as soon as it could take a non-maskable interrupt.</summary>
    NmiWindowExiting = 1u << 22,

    /// <summary>MOV DR exits.</summary>
    MovDrExiting = 1u << 23,

    /// <summary>IN and OUT exit.</summary>
    UnconditionalIoExiting = 1u << 24,

    /// <summary>IN and OUT exit as the bitmaps say.</summary>
    UseIoBitmaps = 1u << 25,

    /// <summary>The guest exits behind its next instruction.</summary>
    MonitorTrapFlag = 1u << 27,

    /// <summary>RDMSR and WRMSR exit as the bitmaps say.</summary>
    UseMsrBitmaps = 1u << 28,

    /// <summary>MONITOR exits.</summary>
    MonitorExiting = 1u << 29,

    /// <summary>PAUSE exits.</summary>
    PauseExiting = 1u << 30,

    /// <summary>The secondary controls count.</summary>
    SecondaryControls = 1u << 31,
}

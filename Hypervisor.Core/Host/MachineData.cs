using System.Runtime.InteropServices;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Host.Sleep;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Records;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Host;

/// <summary>What all processors of the machine share: one page, written before launch but for the words that say otherwise.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MachineData
{
    /// <summary>Physical address of the first byte of the host's memory.</summary>
    public ulong RegionBase;

    /// <summary>Bytes of the host's memory.</summary>
    public ulong RegionSize;

    /// <summary>Where the image was copied to.</summary>
    public ulong ImageBase;

    /// <summary>Bytes of the image in memory.</summary>
    public ulong ImageSize;

    /// <summary>Where the firmware loaded the driver: the only code whose notices are believed.</summary>
    public ulong DriverBase;

    /// <summary>Bytes of the loaded driver.</summary>
    public ulong DriverSize;

    /// <summary>Symbols of the image for reports; null where none are embedded.</summary>
    public byte* Symbols;

    /// <summary>Bytes of symbols.</summary>
    public uint SymbolsSize;

    /// <summary>Number of processors.</summary>
    public uint ProcessorCount;

    /// <summary>Their data, <see cref="ProcessorCount"/> pairs of (APIC ID, address).</summary>
    public ProcessorEntry* Processors;

    /// <summary>Root of the host's page tables.</summary>
    public ulong HostCr3;

    /// <summary>Interrupt descriptor table of the host, 256 entries.</summary>
    public ulong Idt;

    /// <summary>Root of tables in the host's format that show what the guest sees: the upper half of the host's address space shares them.</summary>
    public ulong WindowRoot;

    /// <summary>Root of the nested page tables all processors' own ones derive from.</summary>
    public ulong NestedRoot;

    /// <summary>The extension that runs the guest.</summary>
    public VirtualizationExtension Extension;

    /// <summary>How those tables encode rights.</summary>
    public NestedFormat Nested;

    /// <summary>The page of zeros that the guest sees in place of the host's memory.</summary>
    public ulong ZeroPage;

    /// <summary>The page that takes a guest's write to the host's memory, for one instruction.</summary>
    public ulong ScratchPage;

    /// <summary>MSR permission map.</summary>
    public ulong MsrPermissionMap;

    /// <summary>Address of what only the vendor's part knows.</summary>
    public ulong VendorData;

    /// <summary>I/O permission map.</summary>
    public ulong IoPermissionMap;

    /// <summary>I/O permission map that lets everything pass.</summary>
    public ulong OpenIoPermissionMap;

    /// <summary>Page below 1 MiB that is borrowed while an application processor starts.</summary>
    public ulong LowPage;

    /// <summary>Prepared contents of the borrowed page.</summary>
    public ulong TrampolineImage;

    /// <summary>Memory with the guest's contents of the borrowed page meanwhile.</summary>
    public ulong TrampolineBackup;

    /// <summary>First and last plus one of the stubs that may fault.</summary>
    public ulong FaultableBegin;

    /// <summary>End of the stubs that may fault.</summary>
    public ulong FaultableEnd;

    /// <summary>I/O base of the port for the log; 0 for none.</summary>
    public ushort SerialPort;

    /// <summary>Reads the guest's registers out of the vendor's control structure.</summary>
    public delegate*<ProcessorData*, GuestSnapshot*, void> Snapshot;

    /// <summary>How guest memory is reached.</summary>
    public GuestWindow Window;

    /// <summary>Number of physical address bits.</summary>
    public int PhysicalAddressBits;

    /// <summary>Whether the processor saves the address of the next instruction (CPUID 8000_000A EDX bit 3).</summary>
    public bool HasNextRip;

    /// <summary>Whether processors can be made to turn INIT into #SX (VM_CR.R_INIT).</summary>
    public bool HasRedirectInit;

    /// <summary>Whether nested page faults come with the bytes of the instruction (CPUID 8000_000A EDX bit 7).</summary>
    public bool HasDecodeAssists;

    /// <summary>Whether 1 GiB pages exist.</summary>
    public bool HasGibibytePages;

    /// <summary>CPUID bits that are taken from the guest.</summary>
    public HiddenFeatures Hidden;

    /// <summary>Bits of XCR0 that exist.</summary>
    public ulong SupportedXcr0;

    /// <summary>Written while running: the XCR0 that was last found to be good.</summary>
    public ulong AcceptedXcr0;

    /// <summary>Bits the guest may set in EFER.</summary>
    public ulong EferAllowed;

    /// <summary>Whether the trap on interrupt commands stays for ever.</summary>
    public bool KeepApicTrap;

    /// <summary>Whether status hypercalls are answered.</summary>
    public bool StatusHypercall;

    /// <summary>Written while running: 1 once mediators have been attached.</summary>
    public uint MediatorsAttached;

    /// <summary>Whether a password was asked for at boot.</summary>
    public bool PasswordAsked;

    /// <summary>What authenticated hypercalls are checked with; without it there are none.</summary>
    public HypercallKey Key;

    /// <summary>A number made anew at each launch.</summary>
    public ulong BootId;

    /// <summary>Time stamp of the launch.</summary>
    public ulong LaunchTime;

    /// <summary>What was handed over at boot.</summary>
    public BootRecords Records;

    /// <summary>Written while running: hypercalls with a wrong code.</summary>
    public uint RefusedCalls;

    /// <summary>Written while running: 1 after ExitBootServices.</summary>
    public uint BootServicesExited;

    /// <summary>
    /// Written while running: 1 once an operating system has taken over: starts from now on are its own. Firmware may start its processors once more at the end of
    /// boot services, to park them.
    /// </summary>
    public uint OperatingSystemRuns;

    /// <summary>Written while running: number of times the trap on interrupt commands was armed.</summary>
    public uint ApicTrapGeneration;

    /// <summary>Written while running: 0 while nobody has to trap interrupt commands, else 1 plus the starts announced; see <see cref="Guest.Startup.ApicTrap"/>.</summary>
    public uint ApicTrapWanted;

    /// <summary>Written while running: trapped writes left until an armed trap is dropped without an INIT; 0 for no limit.</summary>
    public uint ApicTrapBudget;

    /// <summary>Written while running: index last written to the CMOS memory.</summary>
    public byte CmosIndex;

    /// <summary>Lock on the borrowed page and on start-up of application processors.</summary>
    public uint StartupLock;

    /// <summary>Set by the first processor that reports a fault.</summary>
    public uint FaultReported;

    /// <summary>Which deliberate fault to raise at the next opportunity; 0 for none.</summary>
    public uint DeliberateFault;

    /// <summary>Who has claimed what.</summary>
    public TrapTables* Traps;

    /// <summary>Tables for dividing large pages of the nested tables in use.</summary>
    public SplitTables* SplitTables;

    /// <summary>Where there is memory.</summary>
    public MemoryMap* Memory;

    /// <summary>Physical address of the ACPI root pointer; 0 where the firmware has none.</summary>
    public ulong AcpiRootPointer;

    /// <summary>Guest-physical address of memory that mediators may work in while boot services last.</summary>
    public ulong Scratch;

    /// <summary>Written while running: bytes of <see cref="Scratch"/>; 0 once it is the operating system's.</summary>
    public ulong ScratchSize;

    /// <summary>Written while running: nonzero when a leaf of CPUID is claimed.</summary>
    public uint CpuidClaimed;

    /// <summary>Written while running: sleep states.</summary>
    public SleepData Sleep;

    /// <summary>Where microcode updates are shown to the processor (VMX).</summary>
    public UpdateWindow Update;
}

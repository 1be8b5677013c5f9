using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;
using Hypervisor.Core.Traps;
using Hypervisor.Core.Vmx;

namespace Hypervisor.Core.Host;

/// <summary>The processor's virtualisation extension, chosen at run time: the one place that knows both vendors.</summary>
public static unsafe class Virtualization
{
    private const uint AddressSizeLeaf = 0x8000_0008;

    /// <summary>The extension of the executing processor.</summary>
    public static VirtualizationExtension Extension =>
        SvmCapabilities.Read().HasSvm ? VirtualizationExtension.Svm
        : VmxCapabilities.Read().HasVmx ? VirtualizationExtension.Vmx
        : VirtualizationExtension.None;

    /// <summary>Number of physical address bits of the executing processor.</summary>
    public static int PhysicalAddressBits
    {
        get
        {
            CpuidResult result;
            Instructions.Cpuid(AddressSizeLeaf, 0, &result);
            return (byte)result.Eax;
        }
    }

    /// <summary>Why this processor cannot be used; empty when it can.</summary>
    public static ReadOnlySpan<byte> Refusal() => Extension switch
    {
        VirtualizationExtension.Svm => SvmCapabilities.Read().Refusal(),
        VirtualizationExtension.Vmx => VmxCapabilities.Read().Refusal(),
        _ => "this processor has neither VT-x (VMX) nor AMD-V (SVM), or another hypervisor hides it"u8,
    };

    /// <summary>Bytes the host needs.</summary>
    /// <param name="imageSize">Bytes of the image.</param>
    /// <param name="processors">Number of processors.</param>
    public static ulong RegionSize(ulong imageSize, uint processors)
    {
        int bits = PhysicalAddressBits;
        ulong blocks = (ulong)processors * ProcessorBlock.Size;
        uint pages = Extension == VirtualizationExtension.Vmx
            ? VmxMachine.Pages(bits, MachineBuilder.SharedSize(imageSize, bits, 0, processors) + blocks)
            : SvmMachine.Pages(bits, MachineBuilder.SharedSize(imageSize, bits, 0, processors) + blocks);
        return MachineBuilder.SharedSize(imageSize, bits, pages, processors) + blocks;
    }

    /// <summary>Builds the host and turns the running machine into its guest, which goes on where the parameters say.</summary>
    /// <returns>Why it could not be done: it does not return when it was.</returns>
    public static ReadOnlySpan<byte> Launch(BootParameters* parameters)
    {
        VirtualizationExtension extension = Extension;
        Cr4 cr4 = default(Cr4).WithVmxEnable(extension == VirtualizationExtension.Vmx);
        PageArena arena = default;
        MachineData* machine = MachineBuilder.Build(parameters, PhysicalAddressBits, cr4, &arena);
        if (machine == null)
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        machine->Extension = extension;
        machine->HasGibibytePages = true; // without them the processor is refused
        ReadOnlySpan<byte> problem = extension == VirtualizationExtension.Svm
            ? SvmMachine.Prepare(machine, &arena)
            : VmxMachine.Prepare(machine, &arena);
        if (!problem.IsEmpty)
        {
            return problem;
        }

        MediatorLife.Prepare(machine, &arena);
        return arena.Exhausted ? "the memory set aside for mediators does not suffice"u8 : LaunchProcessor(machine, parameters);
    }

    /// <summary>On a processor in the host: follows whatever other processors have changed for all, and may be waiting for.</summary>
    public static void Follow(ProcessorData* processor)
    {
        GuestDoors.ShutClaimedPage(processor);
        if (processor->Machine->Extension == VirtualizationExtension.Vmx)
        {
            VmxMemory.Follow(processor);
        }

        ApicTrap.Follow(processor);
        TrapShootdown.Follow(processor);
    }

    /// <summary>Makes an MSR exit, or no longer; what the host itself has to see exits in any case.</summary>
    public static void TrapMsr(MachineData* machine, uint msr, bool trap)
    {
        if (machine->Extension == VirtualizationExtension.Vmx)
        {
            VmxMsrBitmap.Trap(machine, msr, trap);
        }
        else
        {
            SvmPermissionMaps.Trap(machine->MsrPermissionMap, msr, trap);
        }
    }

    /// <summary>Runs on a processor that has just arrived in the host, started by the guest or woken by the firmware, on its own stack; goes on in the guest.</summary>
    public static void Arrive(ProcessorData* processor)
    {
        bool woken = processor->Machine->Sleep.Sleeper == processor;
        if (processor->Machine->Extension == VirtualizationExtension.Svm)
        {
            if (woken)
            {
                SvmStartup.Wake(processor);
            }
            else
            {
                SvmStartup.Arrive(processor);
            }

            Instructions.SvmRun(processor);
        }
        else
        {
            if (woken)
            {
                VmxStartup.Wake(processor);
            }
            else
            {
                VmxStartup.Arrive(processor);
            }

            Instructions.VmxRun(processor);
        }
    }

    private static ReadOnlySpan<byte> LaunchProcessor(MachineData* machine, BootParameters* parameters)
    {
        uint self = LocalApic.Id;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* processor = machine->Processors[i].Data;
            if (machine->Processors[i].ApicId == self)
            {
                SerialPort.Open(machine->SerialPort);
                Announce(machine, i);
                Log.Begin(LogLevel.Information, i).Text("configuration: "u8).Text(ConfigurationOriginName.Of(parameters->Origin)).End();
                return machine->Extension == VirtualizationExtension.Svm
                    ? SvmMachine.LaunchProcessor(processor, parameters->GuestRip, parameters->GuestRsp)
                    : VmxMachine.LaunchProcessor(processor, parameters->GuestRip, parameters->GuestRsp);
            }
        }

        return "the ACPI processor list does not name the running processor"u8;
    }

    private static void Announce(MachineData* machine, uint index) => Log.Begin(LogLevel.Information, index)
        .Text(machine->Extension == VirtualizationExtension.Svm ? "AMD-V, "u8 : "VT-x, "u8)
        .Decimal(machine->ProcessorCount).Text(machine->ProcessorCount == 1 ? " processor, memory "u8 : " processors, memory "u8)
        .Hex(machine->RegionBase).Text(" to "u8).Hex(machine->RegionBase + machine->RegionSize - 1)
        .Text(", image at "u8).Hex(machine->ImageBase).End();
}

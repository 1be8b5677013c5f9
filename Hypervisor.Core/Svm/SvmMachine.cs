using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>SVM's part of building and starting the host.</summary>
public static unsafe class SvmMachine
{
    /// <summary>Pages for permission maps.</summary>
    public const uint Pages = SvmPermissionMaps.MsrMapPages + (2 * SvmPermissionMaps.IoMapPages);

    /// <summary>Builds the host and turns the running machine into its guest, which goes on where the parameters say.</summary>
    /// <returns>Why it could not be done: it does not return when it was.</returns>
    public static ReadOnlySpan<byte> Launch(BootParameters* parameters)
    {
        SvmCapabilities capabilities = SvmCapabilities.Read();
        PageArena arena = default;
        MachineData* machine = MachineBuilder.Build(parameters, capabilities.PhysicalAddressBits, default, &arena);
        if (machine == null)
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        machine->NestedRoot = machine->WindowRoot; // one format serves both
        machine->Nested = NestedFormat.Svm;
        machine->HasNextRip = capabilities.HasNextRip;
        machine->HasDecodeAssists = capabilities.HasDecodeAssists;
        machine->HasGibibytePages = capabilities.HasGibibytePages;
        machine->EferAllowed = capabilities.EferAllowed;
        machine->Snapshot = &SvmGuest.Snapshot;
        machine->MsrPermissionMap = arena.Allocate(SvmPermissionMaps.MsrMapPages, PageSizes.Size4K);
        machine->IoPermissionMap = arena.Allocate(SvmPermissionMaps.IoMapPages, PageSizes.Size4K);
        machine->OpenIoPermissionMap = arena.Allocate(SvmPermissionMaps.IoMapPages, PageSizes.Size4K);
        if (arena.Exhausted)
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        SvmPermissionMaps.WriteMsrMap(machine->MsrPermissionMap);
        SvmPermissionMaps.WriteIoMap(machine->IoPermissionMap, machine);

        uint self = LocalApic.Id;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (machine->Processors[i].ApicId == self)
            {
                LaunchProcessor(machine, machine->Processors[i].Data, parameters->GuestRip, parameters->GuestRsp);
            }
        }

        return "the ACPI processor list does not name the running processor"u8;
    }

    private static void LaunchProcessor(MachineData* machine, ProcessorData* processor, ulong rip, ulong rsp)
    {
        SerialPort.Open(machine->SerialPort);
        machine->HasRedirectInit = SvmProcessor.ProbeRedirectInit();
        Efer efer = new(Instructions.ReadMsr(Msr.Efer));
        SvmProcessor.Enable(processor);
        processor->Startup.TakenOver = 1;
        SvmProcessor.WriteControls(processor);
        SvmProcessor.CaptureState(processor, efer);
        Log.Begin(LogLevel.Information, processor->Index).Text("AMD-V, "u8).Decimal(machine->ProcessorCount).Text(machine->ProcessorCount == 1 ? " processor, memory "u8 : " processors, memory "u8)
            .Hex(machine->RegionBase).Text(" to "u8).Hex(machine->RegionBase + machine->RegionSize - 1)
            .Text(", image at "u8).Hex(machine->ImageBase).End();
        Instructions.SvmLaunch(processor, (void*)processor->GuestControl, rip, rsp);
    }
}
